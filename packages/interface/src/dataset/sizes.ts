import { MAX_CHUNKS } from './limits.ts';
import type { IntervalStep } from './vocabulary.ts';

/**
 * Bytes of one encoded interval, with data or without: 4 bits for its quality and whether there is data, the rest for the
 * value. Every interval takes as many, so that no size tells what was used. The largest values, in micro-units, are
 * 2²⁸−1 up to five minutes (268 kWh: 16 MW over a minute, 3.2 MW over five), 2³⁶−1 up to an hour (68.7 MWh) and 2⁴⁴−1 for
 * a day: twenty times what any connection that is read at such a step can carry.
 */
export const SLOT_BYTES: Readonly<Record<IntervalStep, number>> = {
  PT1M: 4,
  PT5M: 4,
  PT15M: 5,
  PT30M: 5,
  PT1H: 5,
  P1D: 6,
};

/** Bytes of encoded intervals that a chunk holds at most, until a dataset would need more chunks than {@link MAX_CHUNKS}. */
export const CHUNK_SLOTS_BYTES = 16_000;

/** Largest value, in micro-units, that an interval of `step` can have in a dataset. */
export function maxValueOf(step: IntervalStep): number {
  return 2 ** (8 * SLOT_BYTES[step] - 4) - 1;
}

/**
 * Number of chunks of a dataset: what its descriptor says and nothing else, so that the number tells nothing about the
 * values (DESIGN §5.1).
 *
 * @param descriptor - `count` is the number of intervals, gaps included.
 */
export function chunkCountOf(descriptor: { readonly step: IntervalStep; readonly count: number }): number {
  const slots = Math.floor(CHUNK_SLOTS_BYTES / SLOT_BYTES[descriptor.step]);
  return Math.min(MAX_CHUNKS, Math.max(1, Math.ceil(descriptor.count / slots)));
}
