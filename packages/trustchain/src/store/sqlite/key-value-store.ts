import { expectKey, type KeyValueStore } from '@edmp/interface';
import { StoreError } from '../errors.ts';
import { migrate, openDatabase } from './database.ts';

/** Options of {@link sqliteKeyValueStore}. */
export interface SqliteKeyValueStoreOptions {
  /** File to open or make; it may be a block store's file. */
  readonly path: string;
}

const SCHEMA: readonly string[] = [
  'CREATE TABLE pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;',
];

/** UTF-16BE: orders as bytes the way JavaScript orders text. */
function encodeKey(key: string): Uint8Array {
  expectKey(key);
  const bytes = new Uint8Array(key.length * 2);
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    bytes[2 * i] = unit >>> 8;
    bytes[2 * i + 1] = unit & 255;
  }
  return bytes;
}

function decodeKey(bytes: Uint8Array): string {
  let key = '';
  for (let i = 0; i < bytes.length; i += 2)
    key += String.fromCharCode(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  return key;
}

/**
 * A durable key-value store in a SQLite file. Every write is synced to disk before its promise resolves; deleted
 * values are overwritten in the file and in its log. Throws `ERR_STORE_IO`, `ERR_STORE_SCHEMA`, `ERR_STORE_CLOSED`.
 */
export function sqliteKeyValueStore(options: SqliteKeyValueStoreOptions): KeyValueStore {
  const database = openDatabase(options.path);
  try {
    database.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
    migrate(database, 'key-value', SCHEMA);
  } catch (error) {
    database.close();
    throw error;
  }
  const sql = {
    get: database.prepare('SELECT value FROM pairs WHERE key = ?'),
    set: database.prepare(
      'INSERT INTO pairs (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ),
    remove: database.prepare('DELETE FROM pairs WHERE key = ?'),
    from: database.prepare('SELECT key, value FROM pairs WHERE key >= ? ORDER BY key'),
    between: database.prepare('SELECT key, value FROM pairs WHERE key >= ? AND key < ? ORDER BY key'),
  };
  let closed = false;
  const open = (): void => {
    if (closed) throw new StoreError('ERR_STORE_CLOSED', 'The key-value store is closed');
  };

  return {
    async get(key) {
      open();
      const row = sql.get.get(encodeKey(key));
      return row === undefined ? undefined : new Uint8Array(row.value as Uint8Array);
    },
    async set(key, value) {
      open();
      sql.set.run(encodeKey(key), value);
    },
    async delete(key) {
      open();
      // The log may hold older copies of the value until it is emptied.
      if (sql.remove.run(encodeKey(key)) > 0) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    },
    async entries(prefix) {
      open();
      const low = encodeKey(prefix);
      const high = successor(low);
      const rows = high === undefined ? sql.from.all(low) : sql.between.all(low, high);
      return rows.map(
        (row) => [decodeKey(row.key as Uint8Array), new Uint8Array(row.value as Uint8Array)] as const,
      );
    },
    async close() {
      if (closed) return;
      closed = true;
      database.close();
    },
  };
}

/** Smallest byte string above everything that starts with `prefix`; undefined when there is none. */
function successor(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 255) length -= 1;
  if (length === 0) return undefined;
  const next = prefix.slice(0, length);
  next[length - 1] = (next[length - 1] ?? 0) + 1;
  return next;
}
