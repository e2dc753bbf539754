import type { Environment, KeyValueChange, KeyValueEntry, KeyValueStore } from '@edmp/interface';
import { expectChanges, expectKey, expectKeyRange, MAX_KEY_LENGTH } from '@edmp/interface/implement';
import { StoreError } from '../errors.ts';
import { migrate, openDatabase, type Row } from './database.ts';
import { groupCommit } from './group-commit.ts';

/** Options of {@link sqliteKeyValueStore}. */
export interface SqliteKeyValueStoreOptions {
  /** File to open or make; it may be a block store's file. */
  readonly path: string;
  /**
   * Clock whose next timer writes what one of its moments wants: for a simulation, which cannot see turns of the event
   * loop. Default: the event loop's own turns.
   */
  readonly environment?: Pick<Environment, 'schedule'>;
}

const SCHEMA: readonly string[] = [
  'CREATE TABLE pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;',
];

/** UTF-16BE: orders as bytes the way JavaScript orders text. */
function encodeText(text: string): Uint8Array {
  return writeText(text, new Uint8Array(text.length * 2));
}

function writeText(text: string, bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i] = unit >>> 8;
    bytes[2 * i + 1] = unit & 255;
  }
  return bytes;
}

/** Where keys are written that SQLite copies when a statement runs. */
const scratch = new Uint8Array(2 * MAX_KEY_LENGTH);

/** A key that was checked, good until the next one is asked for. */
function scratchKey(key: string): Uint8Array {
  return writeText(key, scratch.subarray(0, 2 * key.length));
}

function encodeKey(key: string): Uint8Array {
  expectKey(key);
  return encodeText(key);
}

function decodeKey(bytes: Uint8Array): string {
  let key = '';
  for (let i = 0; i < bytes.length; i += 2)
    key += String.fromCharCode(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  return key;
}

const entryOf = (row: Row): KeyValueEntry => [
  decodeKey(row.key as Uint8Array),
  new Uint8Array(row.value as Uint8Array),
];

/**
 * A durable key-value store in a SQLite file. Every write is synced to disk before its promise resolves; writes of one
 * turn of the event loop share a transaction. Deleted values are overwritten in the file and in its log. Throws
 * `ERR_STORE_IO`, `ERR_STORE_SCHEMA`, `ERR_STORE_CLOSED`.
 */
export function sqliteKeyValueStore(options: SqliteKeyValueStoreOptions): KeyValueStore {
  const database = openDatabase(options.path);
  try {
    database.exec('PRAGMA secure_delete = ON;');
    migrate(database, 'key-value', SCHEMA);
    // A process that was killed between deleting and emptying the log left old copies in it.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    database.close();
    throw error;
  }
  const commits = groupCommit(database, () => {}, options.environment); // nothing is cached
  const sql = {
    get: database.prepare('SELECT value FROM pairs WHERE key = ?'),
    set: database.prepare(
      'INSERT INTO pairs (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ),
    remove: database.prepare('DELETE FROM pairs WHERE key = ?'),
    from: database.prepare('SELECT key, value FROM pairs WHERE key >= ? ORDER BY key LIMIT ?'),
    between: database.prepare('SELECT key, value FROM pairs WHERE key >= ? AND key < ? ORDER BY key LIMIT ?'),
  };
  let closed = false;
  /** The log may hold older copies of deleted values until it is emptied. */
  let logHoldsDeleted = false;
  const open = (): void => {
    if (closed) throw new StoreError('ERR_STORE_CLOSED', 'The key-value store is closed');
  };

  /** Keys are checked and values copied already. */
  const write = async (changes: readonly KeyValueChange[]): Promise<void> => {
    await commits.write(() => {
      for (const [key, value] of changes) {
        if (value !== null) sql.set.run(scratchKey(key), value);
        else if (sql.remove.run(scratchKey(key)) > 0) logHoldsDeleted = true;
      }
    }, true);
    emptyLog();
  };
  /** Once for all deletions of one commit. */
  const emptyLog = (): void => {
    if (!logHoldsDeleted || closed) return;
    logHoldsDeleted = false;
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  };
  const page = (prefix: string, after: string | undefined, limit: number): readonly KeyValueEntry[] => {
    const high = successor(encodeKey(prefix));
    // Nothing lies between a text and the same text followed by the lowest unit.
    const low = encodeText(after === undefined || after < prefix ? prefix : `${after}\u0000`);
    return (high === undefined ? sql.from.all(low, limit) : sql.between.all(low, high, limit)).map(entryOf);
  };

  return {
    async get(key) {
      open();
      expectKey(key);
      const row = sql.get.get(scratchKey(key));
      return row === undefined ? undefined : new Uint8Array(row.value as Uint8Array);
    },
    async set(key, value) {
      open();
      expectKey(key);
      await write([[key, value.slice()]]);
    },
    async delete(key) {
      open();
      expectKey(key);
      await write([[key, null]]);
    },
    async setMany(changes) {
      open();
      const copies = expectChanges(changes);
      if (copies.length > 0) await write(copies);
    },
    async entries(prefix) {
      open();
      return page(prefix, undefined, -1);
    },
    async range(prefix, rangeOptions) {
      open();
      expectKeyRange(prefix, rangeOptions);
      return page(prefix, rangeOptions.after, rangeOptions.limit);
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    async close() {
      if (closed) return;
      commits.flush();
      emptyLog();
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
