/**
 * Durable stores over `node:sqlite`.
 *
 * @packageDocumentation
 */
export { type SqliteBlockStoreOptions, sqliteBlockStore } from './store/sqlite/block-store.ts';
export { type SqliteKeyValueStoreOptions, sqliteKeyValueStore } from './store/sqlite/key-value-store.ts';
export type { DamagedRow } from './store/sqlite/row-decoder.ts';
