/**
 * Durable stores over IndexedDB, for browsers.
 *
 * @packageDocumentation
 */
export {
  type IndexedDbBlockStoreOptions,
  indexedDbBlockStore,
} from './store/indexeddb/block-store.ts';
export type {
  IdbCursor,
  IdbDatabase,
  IdbEvent,
  IdbFactory,
  IdbKeyRange,
  IdbKeyRangeFactory,
  IdbObjectStore,
  IdbOpenRequest,
  IdbRequest,
  IdbSource,
  IdbTransaction,
} from './store/indexeddb/idb.ts';
export {
  type IndexedDbKeyValueStoreOptions,
  indexedDbKeyValueStore,
} from './store/indexeddb/key-value-store.ts';
export type { IndexedDbOptions } from './store/indexeddb/options.ts';
