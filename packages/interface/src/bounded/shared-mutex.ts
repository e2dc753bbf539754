import { BusyError } from './errors.ts';
import { DEFAULT_MAX_TASKS, type LockOptions } from './mutex.ts';

/** Runs many shared tasks together, and exclusive ones alone and in turn. */
export interface SharedMutex {
  /** Runs beside other shared tasks, after the exclusive ones that came before. Rejects with `ERR_BUSY`. */
  shared<T>(task: () => Promise<T>): Promise<T>;
  /** Runs when all tasks that came before are done; later ones wait for it. Rejects with `ERR_BUSY`. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
  /** Tasks of both kinds that wait or run. */
  readonly size: number;
}

/** A {@link SharedMutex} that is free. */
export function sharedMutex(options: LockOptions = {}): SharedMutex {
  const { max = DEFAULT_MAX_TASKS } = options;
  /** Settles when the last exclusive task is done. */
  let exclusive: Promise<unknown> = Promise.resolve();
  const shared = new Set<Promise<unknown>>();
  let size = 0;
  const busy = (): Promise<never> =>
    Promise.reject(new BusyError(`${size} tasks wait for their turn; try again later`));
  return {
    get size() {
      return size;
    },
    shared(task) {
      if (size >= max) return busy();
      size += 1;
      const result = exclusive.then(task);
      const leave = (): void => {
        size -= 1;
        shared.delete(done);
      };
      const done: Promise<unknown> = result.then(leave, leave);
      shared.add(done);
      return result;
    },
    exclusive(task) {
      if (size >= max) return busy();
      size += 1;
      const leave = (): void => {
        size -= 1;
      };
      const result = Promise.all([...shared, exclusive]).then(task);
      exclusive = result.then(leave, leave);
      return result;
    },
  };
}
