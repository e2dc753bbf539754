import { setImmediate } from 'node:timers/promises';
import type { RecordedCount, Recorder } from '@edmp/oehu-client/recorder';
import type { AnyReading } from '@edmp/oehu-client/sources';

/** Readings that are written without a pause: some 20 ms. */
const BUNDLE = 2_000;

/**
 * Records readings, and lets meters, peers and pages have their turn in between: years of readings take seconds to write.
 *
 * @param mayGoOn - Asked before each bundle; throws to leave the rest out.
 */
export function recordInTurns(
  recorder: Pick<Recorder, 'record'>,
  meter: string,
  readings: readonly AnyReading[],
  mayGoOn: () => void,
): Promise<RecordedCount> {
  return recordPieces(recorder, meter, readings.length === 0 ? [] : [readings], mayGoOn);
}

const COUNTS = ['added', 'corrected', 'duplicates', 'outdated', 'impossible'] as const;

/** As {@link recordInTurns}, of readings that come in pieces. */
export async function recordPieces(
  recorder: Pick<Recorder, 'record'>,
  meter: string,
  pieces: Iterable<readonly AnyReading[]> | AsyncIterable<readonly AnyReading[]>,
  mayGoOn: () => void,
): Promise<RecordedCount> {
  const sum = { added: 0, corrected: 0, duplicates: 0, outdated: 0, impossible: 0 };
  let isFirst = true;
  for await (const readings of pieces) {
    for (let from = 0; from < readings.length; from += BUNDLE) {
      if (!isFirst) await setImmediate();
      isFirst = false;
      mayGoOn();
      const count = await recorder.record(meter, readings.slice(from, from + BUNDLE));
      for (const key of COUNTS) sum[key] += count[key];
    }
  }
  return sum;
}

/** Hands on pieces, and lets others have their turn between two of them. */
export async function* inTurns<T>(pieces: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const piece of pieces) {
    yield piece;
    await setImmediate();
  }
}
