import { InvalidArgumentError } from '@edmp/interface';
import type { IdbFactory, IdbKeyRangeFactory } from './idb.ts';

/** What every IndexedDB store needs to be told. */
export interface IndexedDbOptions {
  /** Name of the database within the page's origin; one store a database. Not empty. */
  readonly name: string;
  /** The implementation. Default: `globalThis.indexedDB`. */
  readonly indexedDB?: IdbFactory;
  /** The implementation's key ranges. Default: `globalThis.IDBKeyRange`. */
  readonly keyRange?: IdbKeyRangeFactory;
}

/** {@link IndexedDbOptions} with its defaults filled in. */
export interface IndexedDb {
  readonly name: string;
  readonly factory: IdbFactory;
  readonly keyRange: IdbKeyRangeFactory;
}

/** Fills in the defaults. Throws `ERR_INVALID_ARGUMENT` when there is no name or no IndexedDB. */
export function resolveIndexedDb(options: IndexedDbOptions): IndexedDb {
  const { name } = options;
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(`An IndexedDB store needs a name, got ${JSON.stringify(name)}`);
  }
  const global = globalThis as { readonly indexedDB?: IdbFactory; readonly IDBKeyRange?: IdbKeyRangeFactory };
  const factory = options.indexedDB ?? global.indexedDB;
  const keyRange = options.keyRange ?? global.IDBKeyRange;
  if (factory === undefined || keyRange === undefined) {
    throw new InvalidArgumentError(
      'There is no IndexedDB here; pass `indexedDB` and `keyRange`, or use a memory or SQLite store',
    );
  }
  return { name, factory, keyRange };
}
