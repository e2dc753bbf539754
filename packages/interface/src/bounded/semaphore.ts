import { BusyError } from './errors.ts';
import { begun, DEFAULT_MAX_TASKS, type LockOptions } from './mutex.ts';

/** Lets a number of tasks run at once; the others wait in order. */
export interface Semaphore {
  /** Result of the task when there is room. Rejects with `ERR_BUSY` when too many wait. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Tasks that wait or run. */
  readonly size: number;
}

/**
 * A {@link Semaphore} through which at most `limit` tasks run at once.
 *
 * @example
 * ```ts
 * import { semaphore } from '@edmp/interface/bounded';
 *
 * const two = semaphore(2);
 * let [running, most] = [0, 0];
 * const task = async (): Promise<void> => {
 *   most = Math.max(most, ++running);
 *   await Promise.resolve();
 *   running--;
 * };
 * await Promise.all([two.run(task), two.run(task), two.run(task)]);
 * console.log(most); // 2
 * ```
 */
export function semaphore(limit: number, options: LockOptions = {}): Semaphore {
  const { max = DEFAULT_MAX_TASKS } = options;
  let running = 0;
  // A set keeps the order, and gives up its first in constant time however many wait.
  const waiting = new Set<() => void>();
  const leave = (): void => {
    for (const next of waiting) {
      waiting.delete(next);
      // The place is handed on: nobody who comes in between takes it.
      next();
      return;
    }
    running -= 1;
  };
  /** Runs a task in a place that was taken for it. */
  const taken = <T>(task: () => Promise<T>): Promise<T> => {
    const result = begun(task);
    result.then(leave, leave);
    return result;
  };
  return {
    get size() {
      return running + waiting.size;
    },
    run(task) {
      if (running < limit) {
        running += 1;
        return taken(task);
      }
      if (running + waiting.size >= max) {
        return Promise.reject(new BusyError(`${waiting.size} tasks wait for their turn; try again later`));
      }
      return new Promise<void>((resolve) => waiting.add(resolve)).then(() => taken(task));
    },
  };
}
