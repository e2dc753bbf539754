import type { KeyValueChange, KeyValueEntry, KeyValueStore } from '@edmp/interface';
import { expectChanges, expectKey, expectKeyRange } from '@edmp/interface/implement';
import { openDatabase, type Schema } from './database.ts';
import type { IdbKeyRange, IdbKeyRangeFactory } from './idb.ts';
import { type IndexedDbOptions, resolveIndexedDb } from './options.ts';
import { result } from './requests.ts';

/** Options of {@link indexedDbKeyValueStore}. */
export interface IndexedDbKeyValueStoreOptions extends IndexedDbOptions {}

const PAIRS = 'edmp-pairs';

/** Steps from one schema version to the next. Keys are text, values bytes. */
const SCHEMA: Schema = {
  kind: 'key-value store of EDMP',
  stores: [PAIRS],
  steps: [(database) => database.createObjectStore(PAIRS)],
};

/** Smallest text above everything that starts with `prefix`, by code units; undefined when there is none. */
function successor(prefix: string): string | undefined {
  const head = prefix.replace(/\uffff+$/, '');
  if (head === '') return undefined;
  return head.slice(0, -1) + String.fromCharCode(head.charCodeAt(head.length - 1) + 1);
}

/**
 * Keys that start with `prefix` and lie above `after`; undefined when there can be none. IndexedDB orders text keys by
 * code units, as JavaScript's `<` does (Indexed Database 3.0 §2.4).
 */
function startingWith(
  keyRange: IdbKeyRangeFactory,
  prefix: string,
  after: string | undefined,
): IdbKeyRange | undefined {
  const above = successor(prefix);
  const isInside = after !== undefined && after >= prefix;
  const low = isInside ? after : prefix;
  if (above === undefined) return keyRange.lowerBound(low, isInside);
  // A range whose ends are the wrong way round is an error there.
  return low < above ? keyRange.bound(low, above, isInside, true) : undefined;
}

/**
 * A durable key-value store in one IndexedDB database. Every write is committed with `durability: 'strict'` before its
 * promise resolves. Deleted values are removed, but IndexedDB gives no way to overwrite them on the disk.
 * Throws `ERR_INVALID_ARGUMENT` (no IndexedDB here), `ERR_STORE_IO`, `ERR_STORE_SCHEMA`, `ERR_STORE_CLOSED`.
 */
export function indexedDbKeyValueStore(options: IndexedDbKeyValueStoreOptions): KeyValueStore {
  const indexedDb = resolveIndexedDb(options);
  const database = openDatabase(indexedDb, SCHEMA);

  const write = (changes: readonly KeyValueChange[]): Promise<void> =>
    database.write(async (transaction) => {
      const pairs = transaction.objectStore(PAIRS);
      const requests = changes.map(([key, value]) =>
        value === null ? pairs.delete(key) : pairs.put(value, key),
      );
      await Promise.all(requests.map((request) => result<unknown>(request)));
    }, true);
  const page = async (
    prefix: string,
    after: string | undefined,
    limit: number | undefined,
  ): Promise<readonly KeyValueEntry[]> => {
    const range = startingWith(indexedDb.keyRange, prefix, after);
    return database.read(async (transaction) => {
      if (range === undefined) return [];
      const pairs = transaction.objectStore(PAIRS);
      const [keys, values] = await Promise.all([
        result(pairs.getAllKeys(range, limit)),
        result(pairs.getAll(range, limit)),
      ]);
      return keys.map((key, index) => [key as string, values[index] as Uint8Array] as const);
    });
  };

  return {
    async get(key) {
      expectKey(key);
      return database.read(async (transaction) => {
        const value = await result(transaction.objectStore(PAIRS).get(key));
        return value as Uint8Array | undefined;
      });
    },
    async set(key, value) {
      expectKey(key);
      await write([[key, value.slice()]]);
    },
    async delete(key) {
      expectKey(key);
      await write([[key, null]]);
    },
    async setMany(changes) {
      const copies = expectChanges(changes);
      if (copies.length > 0) await write(copies);
    },
    async entries(prefix) {
      expectKey(prefix);
      return page(prefix, undefined, undefined);
    },
    async range(prefix, rangeOptions) {
      expectKeyRange(prefix, rangeOptions);
      return page(prefix, rangeOptions.after, rangeOptions.limit);
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    close: () => database.close(),
  };
}
