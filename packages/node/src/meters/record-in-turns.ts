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
export async function recordInTurns(
  recorder: Pick<Recorder, 'record'>,
  meter: string,
  readings: readonly AnyReading[],
  mayGoOn: () => void,
): Promise<RecordedCount> {
  const sum = { added: 0, corrected: 0, duplicates: 0, impossible: 0 };
  for (let from = 0; from < readings.length || from === 0; from += BUNDLE) {
    if (from > 0) await setImmediate();
    mayGoOn();
    const count = await recorder.record(meter, readings.slice(from, from + BUNDLE));
    for (const key of ['added', 'corrected', 'duplicates', 'impossible'] as const) sum[key] += count[key];
  }
  return sum;
}
