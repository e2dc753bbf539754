import type { AbortOptions } from '../abort.ts';
import { AbortedError, TimeoutError, throwIfAborted } from '../errors.ts';
import type { Environment } from './types.ts';

/**
 * Resolves after `ms` on `environment`'s clock. Throws `ERR_ABORTED` when the signal fires first.
 *
 * @example
 * ```ts
 * import { sleep, systemEnvironment } from '@edmp/interface';
 *
 * await sleep(systemEnvironment(), 5);
 * const bored = sleep(systemEnvironment(), 60_000, { signal: AbortSignal.abort() });
 * console.log(await bored.catch((error) => error.code)); // ERR_ABORTED
 * ```
 */
export function sleep(environment: Environment, ms: number, options: AbortOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted === true) {
      reject(new AbortedError(undefined, { cause: signal.reason }));
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(new AbortedError(undefined, { cause: signal?.reason }));
    };
    const cancel = environment.schedule(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Runs `task` with a signal that fires at the deadline or when the caller aborts, and settles no later than that
 * even if the task ignores its signal. Throws `ERR_TIMEOUT` (naming `what`) or `ERR_ABORTED`.
 *
 * @param ms - Milliseconds until the deadline, by the environment's clock.
 *
 * @example
 * ```ts
 * import { sleep, systemEnvironment, withDeadline } from '@edmp/interface';
 *
 * const environment = systemEnvironment();
 * const late = withDeadline(environment, 5, 'Waiting for the meter', (signal) =>
 *   sleep(environment, 60_000, { signal }),
 * );
 * console.log(await late.catch((error) => error.code)); // ERR_TIMEOUT
 * ```
 */
export function withDeadline<T>(
  environment: Environment,
  ms: number,
  what: string,
  task: (signal: AbortSignal) => Promise<T>,
  options: AbortOptions = {},
): Promise<T> {
  // Not an async function: this is in the way of every request, and a promise of a promise costs a turn.
  try {
    throwIfAborted(options.signal);
  } catch (error) {
    return Promise.reject(error);
  }
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const finish = (settle: () => void): void => {
      cancel();
      options.signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => {
      const error = new AbortedError(undefined, { cause: options.signal?.reason });
      controller.abort(error);
      finish(() => reject(error));
    };
    const cancel = environment.schedule(ms, () => {
      const error = new TimeoutError(`${what} took longer than ${ms} ms`, { details: { timeoutMs: ms } });
      controller.abort(error);
      finish(() => reject(error));
    });
    options.signal?.addEventListener('abort', onAbort, { once: true });
    let running: Promise<T>;
    try {
      running = task(controller.signal);
    } catch (error) {
      finish(() => reject(error));
      return;
    }
    running.then(
      (value) => finish(() => resolve(value)),
      (error) => finish(() => reject(error)),
    );
  });
}
