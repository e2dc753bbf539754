import { expectKey, type KeyValueStore } from '@edmp/interface';
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

/** IndexedDB orders text keys by code units, as JavaScript's `<` does (Indexed Database 3.0 §2.4). */
function startingWith(keyRange: IdbKeyRangeFactory, prefix: string): IdbKeyRange {
  const above = successor(prefix);
  return above === undefined ? keyRange.lowerBound(prefix) : keyRange.bound(prefix, above, false, true);
}

/**
 * A durable key-value store in one IndexedDB database. Every write is committed with `durability: 'strict'` before its
 * promise resolves. Deleted values are removed, but IndexedDB gives no way to overwrite them on the disk.
 * Throws `ERR_INVALID_ARGUMENT` (no IndexedDB here), `ERR_STORE_IO`, `ERR_STORE_SCHEMA`, `ERR_STORE_CLOSED`.
 */
export function indexedDbKeyValueStore(options: IndexedDbKeyValueStoreOptions): KeyValueStore {
  const indexedDb = resolveIndexedDb(options);
  const database = openDatabase(indexedDb, SCHEMA);

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
      const copy = value.slice();
      await database.write((transaction) => result(transaction.objectStore(PAIRS).put(copy, key)), true);
    },
    async delete(key) {
      expectKey(key);
      await database.write((transaction) => result(transaction.objectStore(PAIRS).delete(key)), true);
    },
    async entries(prefix) {
      expectKey(prefix);
      const range = startingWith(indexedDb.keyRange, prefix);
      return database.read(async (transaction) => {
        const pairs = transaction.objectStore(PAIRS);
        const [keys, values] = await Promise.all([
          result(pairs.getAllKeys(range)),
          result(pairs.getAll(range)),
        ]);
        return keys.map((key, index) => [key as string, values[index] as Uint8Array] as const);
      });
    },
    close: () => database.close(),
  };
}
