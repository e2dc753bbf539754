import type { Environment } from '../../packages/interface/src/index.ts';

/** A node's own clock over the simulation's: ahead or behind, and able to jump. Timers run on the simulation's time. */
export interface NodeClock extends Environment {
  /** How far this clock is ahead of the simulation's, ms; negative = behind. */
  readonly skewMs: number;
  /** Sets the skew, as an operator or a time server would. */
  set(skewMs: number): void;
}

/** A clock `skewMs` ahead of `environment`'s. */
export function nodeClock(environment: Environment, skewMs = 0): NodeClock {
  let skew = skewMs;
  return {
    now: () => environment.now() + skew,
    schedule: (delayMs, callback) => environment.schedule(delayMs, callback),
    randomBytes: (length) => environment.randomBytes(length),
    get skewMs() {
      return skew;
    },
    set(ms) {
      skew = ms;
    },
  };
}
