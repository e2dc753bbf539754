import { InvalidArgumentError } from '../errors.ts';
import { seededRandom } from './seeded-random.ts';
import type { Environment } from './types.ts';

/** Options of {@link virtualEnvironment}. */
export interface VirtualEnvironmentOptions {
  /** Seed of all randomness; equal seeds give equal runs. Default 1. */
  readonly seed?: number;
  /** First value of the clock, ms since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly start?: number;
}

/** An {@link Environment} whose time moves only when told to. */
export interface VirtualEnvironment extends Environment {
  /** Moves the clock by `ms`, running every timer that falls due, in order of time and then of scheduling. */
  advance(ms: number): Promise<void>;
  /** Lets all pending microtasks finish without moving the clock. */
  settle(): Promise<void>;
  /**
   * Moves the clock in timer steps until `promise` settles and returns its result.
   * Throws `ERR_INVALID_ARGUMENT` when no timer is left or `limitMs` (default one day) of virtual time passed first.
   */
  run<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /** Number of timers that have not run. */
  readonly pendingTimers: number;
  /** Time of the next timer, if any. */
  readonly nextTimer: number | undefined;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });

/** A simulated clock, timers and random source, all of them deterministic. */
export function virtualEnvironment(options: VirtualEnvironmentOptions = {}): VirtualEnvironment {
  const random = seededRandom(options.seed ?? 1);
  let now = options.start ?? Date.UTC(2026, 0, 1);
  let order = 0;
  const timers = new Set<Timer>();

  const next = (limit: number): Timer | undefined => {
    let best: Timer | undefined;
    for (const timer of timers) {
      if (timer.at > limit) continue;
      if (best === undefined || timer.at < best.at || (timer.at === best.at && timer.order < best.order))
        best = timer;
    }
    return best;
  };

  const fire = (timer: Timer): void => {
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.callback();
  };

  return {
    now: () => now,
    schedule(delayMs, callback) {
      const timer: Timer = { at: now + Math.max(0, Math.ceil(delayMs)), order: order++, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    randomBytes: (length) => random.bytes(length),
    async advance(ms) {
      if (!(ms >= 0)) throw new InvalidArgumentError(`Time moves forward only, got ${ms} ms`);
      const limit = now + ms;
      await turn();
      for (let timer = next(limit); timer !== undefined; timer = next(limit)) {
        fire(timer);
        await turn();
      }
      now = limit;
    },
    settle: () => turn(),
    async run(promise, limitMs = 86_400_000) {
      const limit = now + limitMs;
      let settled = false;
      promise.then(
        () => {
          settled = true;
        },
        () => {
          settled = true;
        },
      );
      let idle = 0;
      while (!settled) {
        await turn();
        if (settled) break;
        const timer = next(limit);
        if (timer !== undefined) {
          idle = 0;
          fire(timer);
        } else if (++idle > 50) {
          throw new InvalidArgumentError(
            'The awaited promise cannot settle: no timer is left inside the limit',
          );
        }
      }
      return promise;
    },
    get pendingTimers() {
      return timers.size;
    },
    get nextTimer() {
      return next(Number.POSITIVE_INFINITY)?.at;
    },
  };
}
