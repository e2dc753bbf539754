/** Cancels a scheduled callback; calling it again, or after the callback ran, does nothing. */
export type CancelTimer = () => void;

/**
 * The one seam through which protocol code reaches time and randomness (DESIGN §1.2).
 *
 * Nothing else may call `Date.now`, `Math.random` or `setTimeout`, so a whole town of nodes
 * can run in one process, deterministically, from one seed.
 */
export interface Environment {
  /** Milliseconds since the Unix epoch, an integer. */
  now(): number;
  /** Calls `callback` once after `delayMs` milliseconds (0 = at the next turn). Keeps the process alive. */
  schedule(delayMs: number, callback: () => void): CancelTimer;
  /**
   * Calls `callback` when the code that runs now has ended, before any timer. Default: in a microtask. Code of this
   * project goes through `defer` of `@edmp/interface/implement`, so that a simulation sees it.
   */
  defer?(callback: () => void): void;
  /** `length` random bytes; of cryptographic quality outside simulations. */
  randomBytes(length: number): Uint8Array;
  /**
   * Whether `randomBytes` is the operating system's generator and nothing has to be repeatable, so that a library may draw
   * from there itself. Simulations leave it out.
   */
  readonly systemRandom?: boolean;
}
