/**
 * Durable stores over IndexedDB, for browsers.
 *
 * @packageDocumentation
 */
export type {
  IdbDatabase,
  IdbFactory,
  IdbKeyRangeFactory,
} from './store/indexeddb/idb.ts';
export {
  type IndexedDbKeyValueStoreOptions,
  indexedDbKeyValueStore,
} from './store/indexeddb/key-value-store.ts';
export type { IndexedDbOptions } from './store/indexeddb/options.ts';
