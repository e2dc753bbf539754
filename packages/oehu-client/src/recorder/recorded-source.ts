import { type MeterSource, throwIfAborted } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import type { ReadingStore } from './reading-store.ts';
import type { Recorder } from './recorder.ts';

/** What {@link recordedSource} reads from. */
export interface RecordedSourceOptions {
  readonly store: ReadingStore;
  readonly recorder: Recorder;
}

/** Everything that was recorded as a {@link MeterSource}: a device for each meter, by the name it was recorded under. */
export function recordedSource({ store, recorder }: RecordedSourceOptions): MeterSource {
  return {
    kind: 'recorded',
    async devices(call = {}) {
      throwIfAborted(call.signal);
      return (await store.meters()).map(({ meter, newest }) => ({
        id: meter,
        source: 'recorded',
        location: null,
        household: null,
        lastUpdate: newest,
      }));
    },
    async *readings(device, { from, to, signal }) {
      throwIfAborted(signal);
      if (!(from < to))
        throw new MeterError('ERR_METER_RANGE', 'Expected from < to, both ms since the epoch');
      if (!(await store.meters()).some(({ meter }) => meter === device))
        throw new MeterError('ERR_METER_UNKNOWN_DEVICE', 'Nothing was recorded under that name');
      yield* await recorder.registers({ meter: device, from, to });
    },
  };
}
