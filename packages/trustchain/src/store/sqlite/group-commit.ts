import { setImmediate } from 'node:timers';
import { StoreError } from '../errors.ts';
import type { Database } from './database.ts';

/** Runs writes in shared transactions. */
export interface GroupCommit {
  /**
   * Queues one write. Everything queued in the same turn of the event loop is committed together; the promise
   * resolves after the commit, synced to disk when any write of the group is `durable`. A write that throws is undone
   * alone and rejects alone.
   */
  write<T>(work: () => T, durable: boolean): Promise<T>;
  /** Commits what is queued. */
  flush(): void;
}

interface Queued {
  readonly run: () => void;
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
  readonly durable: boolean;
}

/**
 * A {@link GroupCommit} over one connection. `undone` is told when writes were undone or somebody else wrote, so that
 * caches can be dropped.
 */
export function groupCommit(database: Database, undone: () => void): GroupCommit {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  const savepoint = database.prepare('SAVEPOINT one');
  const release = database.prepare('RELEASE one');
  const undo = database.prepare('ROLLBACK TO one');
  const version = database.prepare('PRAGMA data_version');
  let seen: unknown;
  /** What was cached before another connection wrote may be gone: its blocks, and the numbers of authors and types. */
  const noteOthers = (): void => {
    const now = version.get()?.data_version;
    if (seen !== undefined && now !== seen) undone();
    seen = now;
  };
  let queue: Queued[] = [];
  let full = false;

  const flush = (): void => {
    if (queue.length === 0) return;
    const group = queue;
    queue = [];
    const done: Queued[] = [];
    const failed: { readonly item: Queued; readonly error: unknown }[] = [];
    try {
      const durable = group.some((item) => item.durable);
      if (durable !== full) {
        // FULL syncs the WAL at each commit, NORMAL only at checkpoints (SQLite documentation of PRAGMA synchronous).
        database.exec(durable ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
        full = durable;
      }
      begin.run();
      noteOthers();
      for (const item of group) {
        if (group.length > 1) savepoint.run();
        try {
          item.run();
          done.push(item);
        } catch (error) {
          if (group.length > 1) {
            undo.run();
            // Before the next write of the group asks: it may put what was just undone.
            undone();
          }
          failed.push({ item, error });
        }
        if (group.length > 1) release.run();
      }
      if (done.length === 0) rollback.run();
      else commit.run();
    } catch (error) {
      try {
        rollback.run();
      } catch {
        // The transaction has ended already: the commit itself failed.
      }
      for (const item of group) item.fail(error);
      undone();
      return;
    }
    if (failed.length > 0) undone();
    for (const { item, error } of failed) item.fail(error);
    for (const item of done) item.settle();
  };

  return {
    write: <T>(work: () => T, durable: boolean) =>
      new Promise<T>((resolve, reject) => {
        let result: { readonly value: T } | undefined;
        queue.push({
          run: () => {
            result = { value: work() };
          },
          settle: () => {
            if (result !== undefined) resolve(result.value);
          },
          fail: (error) =>
            reject(
              error instanceof Error
                ? error
                : new StoreError('ERR_STORE_IO', 'A write failed', { cause: error }),
            ),
          durable,
        });
        if (queue.length === 1) setImmediate(flush);
      }),
    flush,
  };
}
