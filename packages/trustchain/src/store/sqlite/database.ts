import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';

/** "EDMP" in ASCII: marks a file as ours (SQLite `application_id`). */
export const APPLICATION_ID = 0x45_44_4d_50;

/** A prepared statement that throws typed errors. */
export interface Statement {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): readonly Row[];
  /** Number of rows that changed. */
  run(...values: SQLInputValue[]): number;
}

/** One row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** An open SQLite file. */
export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  close(): void;
}

const failure = (cause: unknown): StoreError =>
  new StoreError(
    'ERR_STORE_IO',
    `SQLite failed: ${cause instanceof Error ? cause.message : 'unknown error'}`,
    {
      cause,
    },
  );

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw failure(cause);
  }
}

/** Opens or makes a file in WAL mode; waits up to `busyTimeoutMs` (default 5 000) for another writer. Throws `ERR_STORE_IO`, and `ERR_STORE_SCHEMA` for another program's file. */
export function openDatabase(path: string, busyTimeoutMs = 5_000): Database {
  const db = attempt(() => new DatabaseSync(path));
  // Written out, not by way of `attempt`: a closure for every statement run adds up.
  const wrap = (statement: StatementSync): Statement => ({
    get(...values) {
      try {
        return statement.get(...values) as Row | undefined;
      } catch (cause) {
        throw failure(cause);
      }
    },
    all(...values) {
      try {
        return statement.all(...values) as readonly Row[];
      } catch (cause) {
        throw failure(cause);
      }
    },
    run(...values) {
      try {
        return Number(statement.run(...values).changes);
      } catch (cause) {
        throw failure(cause);
      }
    },
  });
  const database: Database = {
    prepare: (sql) => wrap(attempt(() => db.prepare(sql))),
    exec: (sql) => attempt(() => db.exec(sql)),
    close: () => attempt(() => db.close()),
  };
  try {
    database.exec(`PRAGMA busy_timeout = ${Math.max(0, Math.trunc(busyTimeoutMs))}`);
    const application = Number(database.prepare('PRAGMA application_id').get()?.application_id);
    const objects = Number(database.prepare('SELECT COUNT(*) AS n FROM sqlite_master').get()?.n);
    if (application !== APPLICATION_ID && objects > 0) {
      throw new StoreError(
        'ERR_STORE_SCHEMA',
        `The file ${path} belongs to another program; choose another path`,
      );
    }
    // Before there is anything in the file; afterwards only VACUUM changes it.
    if (objects === 0) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA application_id = ${APPLICATION_ID};`,
    );
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** One step from a schema version to the next: statements, or work that needs more than statements. */
export type SchemaStep = string | ((database: Database) => void);

/** Schema version of one of the file's parts; 0 when the part does not exist. */
export function partVersion(database: Database, part: string): number {
  database.exec(
    'CREATE TABLE IF NOT EXISTS edmp_schema (part TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID',
  );
  return Number(database.prepare('SELECT version FROM edmp_schema WHERE part = ?').get(part)?.version ?? 0);
}

/**
 * Brings one part of the file to the newest version: `steps[n]` leads from version n to n + 1, each in its own
 * transaction. Throws `ERR_STORE_SCHEMA` when the file is newer than this program.
 */
export function migrate(database: Database, part: string, steps: readonly SchemaStep[]): void {
  const version = partVersion(database, part);
  if (version > steps.length) {
    throw new StoreError(
      'ERR_STORE_SCHEMA',
      `The file's ${part} has schema version ${version}, this program knows up to ${steps.length}: update the program`,
    );
  }
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    database.exec('BEGIN IMMEDIATE');
    try {
      if (typeof step === 'string') database.exec(step);
      else step(database);
      database
        .prepare('INSERT OR REPLACE INTO edmp_schema (part, version) VALUES (?, ?)')
        .run(part, index + 1);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }
}
