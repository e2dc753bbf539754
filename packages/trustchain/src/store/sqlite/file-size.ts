import { statSync } from 'node:fs';
import type { Database } from './database.ts';

/** Pages given back at once: moving them takes some milliseconds. */
const PAGES_AT_ONCE = 256;
const INCREMENTAL = 2;

/** The disk space of one SQLite file. */
export interface FileSize {
  /** See `BlockStore.size`. */
  size(): { readonly bytes: number; readonly free: number };
  /** See `BlockStore.shrink`. */
  shrink(): number;
}

/** Whether free pages of a file can be given back without writing the file again. */
const isIncremental = (database: Database): boolean =>
  Number(database.prepare('PRAGMA auto_vacuum').get()?.auto_vacuum) === INCREMENTAL;

/**
 * Lets a file that was made without it give free pages back, by writing it again once (`VACUUM`), which takes as much
 * room again for a moment. Where that fails, for room or because another process reads, the file stays as it was.
 */
export function rebuildOnce(database: Database): void {
  if (isIncremental(database)) return;
  try {
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM;');
  } catch {
    // It keeps its size: free pages are used again before it grows.
  }
}

/** The {@link FileSize} of an open database; `:memory:` is measured by its pages. */
export function fileSize(database: Database, path: string): FileSize {
  const busyTimeoutMs = Number(database.prepare('PRAGMA busy_timeout').get()?.timeout ?? 0);
  const sql = {
    pages: database.prepare('PRAGMA page_count'),
    pageSize: database.prepare('PRAGMA page_size'),
    free: database.prepare('PRAGMA freelist_count'),
  };
  const pageSize = Number(sql.pageSize.get()?.page_size);
  const free = (): number => Number(sql.free.get()?.freelist_count) * pageSize;
  const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    size() {
      const main = Number(sql.pages.get()?.page_count) * pageSize;
      // The pages may still stand in the log alone, and the file may still have those that were given back.
      const bytes = path === ':memory:' ? main : Math.max(main, sizeOf(path)) + sizeOf(`${path}-wal`);
      return { bytes, free: free() };
    },
    shrink() {
      const before = free();
      if (before > 0 && isIncremental(database)) database.exec(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`);
      const left = free();
      if (left > 0 && left < before) return left;
      // The file is cut where the log is written back to it. A reader that goes on, maybe of this very thread, is not
      // waited for: it only puts that off.
      database.exec('PRAGMA busy_timeout = 0');
      try {
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      } finally {
        database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      }
      return 0;
    },
  };
}
