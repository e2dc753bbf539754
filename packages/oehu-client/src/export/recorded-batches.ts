import { type AbortOptions, throwIfAborted } from '@edmp/interface';
import type { ReadingRange, ReadingStore } from '../recorder/reading-store.ts';
import { type AnyReading, momentOf } from '../sources/meter-file.ts';

const MINUTE = 60_000;
const FIRST_WINDOW = 60 * MINUTE;
const LONGEST_WINDOW = 31 * 1440 * MINUTE;
/** Readings of one window: below the first the next is twice as long, above the second half as long. */
const FEW = 5_000;
const MANY = 20_000;

/**
 * What a store has of a period, in pieces of some thousand readings: windows of time that grow and shrink with how much
 * the meter told, so that a decade of days is quick and a year of seconds stays small. Throws `ERR_METER_STORE` and
 * `ERR_ABORTED`.
 *
 * @param range - What to read; an interval belongs to the period in which it begins.
 */
export async function* recordedBatches(
  store: Pick<ReadingStore, 'range'>,
  range: ReadingRange,
  { signal }: AbortOptions = {},
): AsyncGenerator<readonly AnyReading[]> {
  let width = FIRST_WINDOW;
  for (let from = range.from; from < range.to; ) {
    throwIfAborted(signal);
    const to = Math.min(from + width, range.to);
    const start = from;
    // The store adds one reading on both sides of each register.
    const readings = (await store.range({ ...range, from, to })).filter((reading) => {
      const at = momentOf(reading);
      return at >= start && at < to;
    });
    if (readings.length > 0) yield readings;
    if (readings.length < FEW) width = Math.min(width * 2, LONGEST_WINDOW);
    else if (readings.length > MANY) width = Math.max(width / 2, MINUTE);
    from = to;
  }
}
