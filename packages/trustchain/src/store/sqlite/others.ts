import type { Environment } from '@edmp/interface';
import type { Database } from './database.ts';

/** Time between two looks for what other connections have written, ms: a look costs a microsecond. */
const LOOK_MS = 200;

/** Tells what other connections to a file write. */
export interface Others {
  /** Calls `listener` soon after one of them has written. Returns what ends it. */
  listen(listener: () => void): () => void;
  close(): void;
}

/**
 * {@link Others} of a connection; it looks only while somebody listens.
 *
 * @param note - Called before the listeners, e.g. to drop what is cached.
 */
export function others(
  database: Database,
  environment: Pick<Environment, 'schedule'>,
  note: () => void,
): Others {
  // "The integer values returned by two invocations from the same connection will be different if changes were committed
  // to the database by any other connection in the interim" (SQLite documentation of PRAGMA data_version).
  const version = database.prepare('PRAGMA data_version');
  const listeners = new Set<() => void>();
  let seen: unknown;
  let cancel: (() => void) | undefined;

  const look = (): void => {
    cancel = environment.schedule(LOOK_MS, look);
    let now: unknown;
    try {
      now = version.get()?.data_version;
    } catch {
      return; // A disk that fails must not end the process from a timer; who reads or writes is told, and the next look comes.
    }
    if (now === seen) return;
    seen = now;
    note();
    for (const listener of [...listeners]) listener();
  };
  const stop = (): void => {
    cancel?.();
    cancel = undefined;
  };
  return {
    listen(listener) {
      const own = (): void => listener();
      listeners.add(own);
      if (cancel === undefined) {
        seen = version.get()?.data_version;
        cancel = environment.schedule(LOOK_MS, look);
      }
      return () => {
        listeners.delete(own);
        if (listeners.size === 0) stop();
      };
    },
    close() {
      listeners.clear();
      stop();
    },
  };
}
