import { setImmediate } from 'node:timers';
import type { Environment } from '@edmp/interface';
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
  /** Commits what is queued, held back or not. */
  flush(): void;
  /** Drops what is cached when another connection has written since this was last looked at. */
  noteOthers(): void;
  /** Keeps what is queued until the returned function is called. */
  hold(): () => void;
}

interface Queued {
  readonly run: () => void;
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
  readonly durable: boolean;
}

/**
 * A {@link GroupCommit} over one connection. `undone` is told when writes were undone or somebody else wrote, so that
 * caches can be dropped. With an `environment` the writes of one of its moments share a transaction, else those of one
 * turn of the event loop.
 */
export function groupCommit(
  database: Database,
  undone: () => void,
  environment?: Pick<Environment, 'schedule'>,
): GroupCommit {
  const afterThisTurn = (task: () => void): void => {
    if (environment === undefined) setImmediate(task);
    else environment.schedule(0, task);
  };
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  const savepoint = database.prepare('SAVEPOINT one');
  const release = database.prepare('RELEASE one');
  const undo = database.prepare('ROLLBACK TO one');
  const version = database.prepare('PRAGMA data_version');
  let seen: unknown = version.get()?.data_version;
  /** What was cached before another connection wrote may be gone: its blocks, and the numbers of authors and types. */
  const noteOthers = (): void => {
    const now = version.get()?.data_version;
    if (now !== seen) undone();
    seen = now;
  };
  let queue: Queued[] = [];
  let full = false;
  let holders = 0;

  /** Runs all writes of a group; the first that throws ends it. */
  const runAll = (group: readonly Queued[]): { readonly error: unknown } | undefined => {
    try {
      for (const item of group) item.run();
      return undefined;
    } catch (error) {
      return { error };
    }
  };
  /** Runs each write of a group so that one that throws is undone alone; the error of each, undefined = none. */
  const runEach = (group: readonly Queued[]): readonly ({ readonly error: unknown } | undefined)[] =>
    group.map((item) => {
      savepoint.run();
      let failure: { readonly error: unknown } | undefined;
      try {
        item.run();
      } catch (error) {
        failure = { error };
        undo.run();
        // Before the next write of the group asks: it may put what was just undone.
        undone();
      }
      release.run();
      return failure;
    });
  /** Runs a group in a transaction that is left open; the error of each write, undefined = none. */
  const transact = (group: readonly Queued[]): readonly ({ readonly error: unknown } | undefined)[] => {
    begin.run();
    noteOthers();
    const failure = runAll(group);
    if (failure === undefined) return [];
    if (group.length === 1) return [failure];
    // Hardly ever: all of it is undone, and run again with a savepoint each, which nearly every group can do without.
    rollback.run();
    undone();
    begin.run();
    noteOthers();
    return runEach(group);
  };

  const flush = (): void => {
    if (queue.length === 0) return;
    const group = queue;
    queue = [];
    let failures: readonly ({ readonly error: unknown } | undefined)[];
    try {
      const durable = group.some((item) => item.durable);
      if (durable !== full) {
        // FULL syncs the WAL at each commit, NORMAL only at checkpoints (SQLite documentation of PRAGMA synchronous).
        database.exec(durable ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
        full = durable;
      }
      failures = transact(group);
      const isNothingDone = group.every((_, index) => failures[index] !== undefined);
      if (isNothingDone) rollback.run();
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
    if (failures.some((failure) => failure !== undefined)) undone();
    for (const [index, item] of group.entries()) {
      const failure = failures[index];
      if (failure === undefined) item.settle();
      else item.fail(failure.error);
    }
  };

  const flushUnlessHeld = (): void => {
    // Somebody may have begun to read since: what is queued is committed when that has ended.
    if (holders === 0) flush();
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
        if (queue.length === 1 && holders === 0) afterThisTurn(flushUnlessHeld);
      }),
    flush,
    noteOthers,
    hold() {
      holders += 1;
      return () => {
        holders -= 1;
        if (holders === 0) flush();
      };
    },
  };
}
