/**
 * Durable store of readings over `node:sqlite`.
 *
 * @packageDocumentation
 */
export { type SqliteReadingStoreOptions, sqliteReadingStore } from './recorder/sqlite-reading-store.ts';
