import { BusyError } from './errors.ts';

/** Options of locks. */
export interface LockOptions {
  /** Most tasks that wait or run; more are refused with `ERR_BUSY`. Default 65 536: some 20 MB of waiting. */
  readonly max?: number;
}

/** Most tasks that a lock holds unless told otherwise. */
export const DEFAULT_MAX_TASKS = 65_536;

/** Lets one task run at a time, in the order in which they came; one that finds it free begins within the call. */
export interface Mutex {
  /** Result of the task when its turn has come. Rejects with `ERR_BUSY` when too many wait. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Tasks that wait or run. */
  readonly size: number;
}

/** What a task comes to that begins now; one that throws at once has failed. */
export function begun<T>(task: () => Promise<T>): Promise<T> {
  try {
    return task();
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * A {@link Mutex} that is free.
 *
 * @example
 * ```ts
 * import { mutex } from '@edmp/interface/bounded';
 *
 * const lock = mutex();
 * const order: string[] = [];
 * await Promise.all([lock.run(async () => order.push('first')), lock.run(async () => order.push('second'))]);
 * console.log(order); // first,second
 * ```
 */
export function mutex(options: LockOptions = {}): Mutex {
  const { max = DEFAULT_MAX_TASKS } = options;
  let last: Promise<unknown> = Promise.resolve();
  let size = 0;
  const leave = (): void => {
    size -= 1;
  };
  return {
    get size() {
      return size;
    },
    run(task) {
      if (size >= max)
        return Promise.reject(new BusyError(`${size} tasks wait for their turn; try again later`));
      size += 1;
      // Nobody is there: it begins at once.
      const result = size === 1 ? begun(task) : last.then(task);
      last = result.then(leave, leave);
      return result;
    },
  };
}
