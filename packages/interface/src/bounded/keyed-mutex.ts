import { BusyError } from './errors.ts';
import { begun, DEFAULT_MAX_TASKS, type LockOptions } from './mutex.ts';

/** Options of {@link keyedMutex}. */
export interface KeyedMutexOptions extends LockOptions {
  /** Most tasks of one key that wait or run. Default: as many as of all keys together. */
  readonly perKey?: number;
}

/** Runs tasks of equal keys one after another, and those of different keys side by side. */
export interface KeyedMutex<K> {
  /** Result of the task when its turn has come. Rejects with `ERR_BUSY` when too many of the key, or of all, wait. */
  run<T>(key: K, task: () => Promise<T>): Promise<T>;
  /** Whether another task of the key would be taken now. */
  hasRoom(key: K): boolean;
  /** Tasks of all keys that wait or run. Keys without any are not kept. */
  readonly size: number;
}

/** The tasks of one key. */
interface Line {
  /** Settles when the last of them has ended. */
  last: Promise<void> | undefined;
  size: number;
}

/**
 * A {@link KeyedMutex} that is free. `max` bounds the tasks of all keys together.
 *
 * @example
 * ```ts
 * import { keyedMutex } from '@edmp/interface/bounded';
 *
 * const trades = keyedMutex<string>();
 * console.log(await trades.run('trade 1', async () => 'sealed')); // sealed
 * ```
 */
export function keyedMutex<K>(options: KeyedMutexOptions = {}): KeyedMutex<K> {
  const { max = DEFAULT_MAX_TASKS, perKey = max } = options;
  const lines = new Map<K, Line>();
  let size = 0;
  const hasRoom = (key: K): boolean => size < max && (lines.get(key)?.size ?? 0) < perKey;
  return {
    get size() {
      return size;
    },
    hasRoom,
    run(key, task) {
      if (!hasRoom(key))
        return Promise.reject(new BusyError('Too many tasks wait for their turn; try again later'));
      let line = lines.get(key);
      if (line === undefined) {
        line = { last: undefined, size: 0 };
        lines.set(key, line);
      }
      const { last } = line;
      line.size += 1;
      size += 1;
      const leave = (): void => {
        line.size -= 1;
        size -= 1;
        if (line.size === 0) lines.delete(key);
      };
      const result = last === undefined ? begun(task) : last.then(task);
      line.last = result.then(leave, leave);
      return result;
    },
  };
}
