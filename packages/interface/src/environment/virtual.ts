import { minHeap } from '../bounded/min-heap.ts';
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

/**
 * An {@link Environment} whose time moves only when told to.
 *
 * It cannot see work that leaves the thread (a thread pool, files): time may then move past deadlines while such work
 * is under way. Simulations use providers and stores that answer on the thread, e.g. `nodeCrypto({ threads: false })`.
 */
export interface VirtualEnvironment extends Environment {
  /**
   * Moves the clock by `ms`, running every timer that falls due, in order of time and then of scheduling.
   * Throws `ERR_INVALID_ARGUMENT` for a negative time, and when more than 100 000 timers run at one instant.
   */
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

/** A callback waiting for its moment. */
interface Timer {
  /** ms since the epoch. */
  readonly at: number;
  readonly callback: () => void;
}

/** Timers that may run at one instant before the clock is considered stuck. */
const MAX_TIMERS_AT_ONCE = 100_000;
/** Turns without a timer after which an awaited promise is given up: quick ones first, then of one real millisecond. */
const QUICK_TURNS = 50;
const SLOW_TURNS = 500;

const quickTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
const slowTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/**
 * A simulated clock, timers and random source, all of them deterministic.
 *
 * @example
 * ```ts
 * import { sleep, virtualEnvironment } from '@edmp/interface';
 *
 * const environment = virtualEnvironment();
 * const start = environment.now();
 * const rested = sleep(environment, 3_600_000);
 * await environment.advance(3_600_000);
 * await rested;
 * console.log(environment.now() - start); // 3600000
 * ```
 */
export function virtualEnvironment(options: VirtualEnvironmentOptions = {}): VirtualEnvironment {
  const random = seededRandom(options.seed ?? 1);
  // By time, and then in the order of scheduling.
  const timers = minHeap<Timer>();
  let now = options.start ?? Date.UTC(2026, 0, 1);
  let ranAtThisInstant = 0;

  const dueBy = (limit: number): Timer | undefined => (timers.peekRank() <= limit ? timers.pop() : undefined);
  const fire = (timer: Timer): void => {
    ranAtThisInstant = timer.at > now ? 1 : ranAtThisInstant + 1;
    if (ranAtThisInstant > MAX_TIMERS_AT_ONCE) {
      throw new InvalidArgumentError(
        `The clock is stuck: over ${MAX_TIMERS_AT_ONCE} timers ran at one instant; schedule them with a delay`,
      );
    }
    now = Math.max(now, timer.at);
    timer.callback();
  };

  return {
    now: () => now,
    schedule(delayMs, callback) {
      if (Number.isNaN(delayMs))
        throw new InvalidArgumentError('A delay is a number of milliseconds, got NaN');
      const at = now + Math.max(0, Math.ceil(delayMs));
      const entry = timers.push(at, { at, callback });
      return () => {
        timers.remove(entry);
      };
    },
    randomBytes: (length) => random.bytes(length),
    async advance(ms) {
      if (!(ms >= 0)) throw new InvalidArgumentError(`Time moves forward only, got ${ms} ms`);
      const limit = now + ms;
      await quickTurn();
      for (let timer = dueBy(limit); timer !== undefined; timer = dueBy(limit)) {
        fire(timer);
        await quickTurn();
      }
      now = limit;
    },
    settle: () => quickTurn(),
    async run(promise, limitMs = 86_400_000) {
      const limit = now + limitMs;
      let settled = false;
      const settle = (): void => {
        settled = true;
      };
      promise.then(settle, settle);
      for (let idle = 0; !settled; ) {
        await (idle < QUICK_TURNS ? quickTurn() : slowTurn());
        if (settled) break;
        const timer = dueBy(limit);
        if (timer !== undefined) {
          idle = 0;
          fire(timer);
        } else if (++idle > QUICK_TURNS + SLOW_TURNS) {
          throw new InvalidArgumentError(
            `The awaited promise cannot settle: no timer is left within ${limitMs} ms of virtual time`,
          );
        }
      }
      return promise;
    },
    get pendingTimers() {
      return timers.size;
    },
    get nextTimer() {
      return timers.peek()?.item.at;
    },
  };
}
