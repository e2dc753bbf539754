import type { SQLInputValue } from 'node:sqlite';
import type { PublicKey } from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';
import type { Database } from './database.ts';

const CACHED_AUTHORS = 65_536;
const CACHED_TYPES = 4_096;

/** Values kept once in a table of their own and named by short numbers elsewhere. */
export interface Interned<T> {
  /** Number of a value; undefined when the table does not have it. */
  find(value: T): number | undefined;
  /** {@link Interned.find}, after adding the value where the table lacks it. */
  intern(value: T): number;
  /** Removes the values that nothing uses any more; their numbers are not given out again. */
  release(values: Iterable<T>): void;
  /** Forgets what is cached, after a transaction was undone or somebody else wrote. */
  reset(): void;
}

interface InternedOptions<T> {
  readonly table: string;
  readonly column: string;
  /** SQL condition over a row of the table: nothing uses it. */
  readonly unused: string;
  /** Most values cached. */
  readonly limit: number;
  /** Text that tells values apart. */
  keyOf(value: T): string;
}

function interned<T extends SQLInputValue>(database: Database, options: InternedOptions<T>): Interned<T> {
  const { table, column, unused, limit, keyOf } = options;
  // Another connection may have a number cached: given to another value, it would lead to that one's blocks.
  const highest = `MAX(COALESCE((SELECT MAX(id) FROM ${table}), 0), COALESCE((SELECT value FROM counters WHERE name = '${table}'), 0))`;
  const sql = {
    find: database.prepare(`SELECT id FROM ${table} WHERE ${column} = ?`),
    add: database.prepare(`INSERT INTO ${table} (id, ${column}) VALUES (${highest} + 1, ?) RETURNING id`),
    keepHighest: database.prepare(
      `INSERT OR REPLACE INTO counters (name, value) VALUES ('${table}', ${highest})`,
    ),
    release: database.prepare(`DELETE FROM ${table} WHERE ${column} = ? AND ${unused}`),
  };
  const ids = new Map<string, number>();
  const remember = (value: T, id: number): number => {
    if (ids.size >= limit) ids.clear();
    ids.set(keyOf(value), id);
    return id;
  };
  const find = (value: T): number | undefined => {
    const known = ids.get(keyOf(value));
    if (known !== undefined) return known;
    const row = sql.find.get(value);
    return row === undefined ? undefined : remember(value, Number(row.id));
  };
  return {
    find,
    intern: (value) => find(value) ?? remember(value, Number(sql.add.get(value)?.id)),
    release(values) {
      sql.keepHighest.run();
      for (const value of values) if (sql.release.run(value) > 0) ids.delete(keyOf(value));
    },
    reset: () => ids.clear(),
  };
}

/** Keys of authors; those of whom no block is left are unused. */
export function internedAuthors(database: Database): Interned<PublicKey> {
  return interned<PublicKey>(database, {
    table: 'authors',
    column: 'key',
    unused: 'blocks = 0',
    limit: CACHED_AUTHORS,
    keyOf: bytesKey,
  });
}

/** Types of blocks. */
export function internedTypes(database: Database): Interned<string> {
  return interned<string>(database, {
    table: 'types',
    column: 'name',
    unused: 'NOT EXISTS (SELECT 1 FROM blocks WHERE blocks.type = types.id)',
    limit: CACHED_TYPES,
    keyOf: (type) => type,
  });
}
