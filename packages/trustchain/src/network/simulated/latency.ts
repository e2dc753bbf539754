import type { SeededRandom } from '@edmp/interface';

/** Draws the time one frame or message takes from a peer to another, ms. */
export type Latency = (random: SeededRandom) => number;

/** Always `ms`. */
export function constantLatency(ms: number): Latency {
  return () => ms;
}

/** Evenly from `min` to `max` ms. */
export function uniformLatency(min: number, max: number): Latency {
  return (random) => min + random.below(max - min + 1);
}

/** Options of {@link longTailLatency}. */
export interface LongTailLatencyOptions {
  /** Half of all draws lie below, ms. Default 40. */
  readonly medianMs?: number;
  /** Least draw, ms. Default 1. */
  readonly minMs?: number;
  /** Greatest draw, ms. Default 1000. */
  readonly maxMs?: number;
}

/**
 * Log-logistic with shape 2, cut at both ends: most draws near the median, a few far above it, as on the Internet. By
 * division and square root only, which IEEE 754 rounds alike everywhere, so that a seed means the same on any machine.
 */
export function longTailLatency(options: LongTailLatencyOptions = {}): Latency {
  const { medianMs = 40, minMs = 1, maxMs = 1000 } = options;
  return (random) => {
    const u = random.unit();
    return Math.min(maxMs, Math.max(minMs, Math.round(medianMs * Math.sqrt(u / (1 - u)))));
  };
}
