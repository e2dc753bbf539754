import { type MeterDevice, type MeterSource, type ReadingsOptions, throwIfAborted } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import type { MeterReading } from '../reading.ts';
import { registersOf } from '../series/registers-of.ts';
import type { MeterFile } from './meter-file.ts';

/** Options of {@link fileSource}. */
export interface FileSourceOptions {
  /** Id to list the meter by. Default `file`. */
  readonly device?: string;
  readonly location?: MeterDevice['location'];
  readonly household?: MeterDevice['household'];
}

/** A {@link MeterSource} over files that were read: one device whose readings may come from several files. */
export interface FileSource extends MeterSource {
  readings(device: string, options: ReadingsOptions): AsyncIterable<MeterReading>;
}

/**
 * A meter source of the kind of the first file. Throws `ERR_METER_SCHEMA` without any file.
 *
 * @param files - What was read of one meter, in any order; the first one gives the source its kind.
 */
export function fileSource(files: readonly MeterFile[], options: FileSourceOptions = {}): FileSource {
  const [first] = files;
  if (first === undefined) throw new MeterError('ERR_METER_SCHEMA', 'A file source needs at least one file');
  const id = options.device ?? 'file';
  const readings = registersOf(files.flatMap((file) => file.readings)).sort((a, b) => a.at - b.at);
  const last = readings[readings.length - 1];
  return {
    kind: first.kind,
    async devices(call = {}) {
      throwIfAborted(call.signal);
      return [
        {
          id,
          source: first.kind,
          location: options.location ?? null,
          household: options.household ?? null,
          lastUpdate: last?.at ?? null,
        },
      ];
    },
    async *readings(device, { from, to, signal }) {
      if (device !== id) throw new MeterError('ERR_METER_UNKNOWN_DEVICE', 'The file has another meter');
      if (!(from < to))
        throw new MeterError('ERR_METER_RANGE', 'Expected from < to, both ms since the epoch');
      // One reading of each register before and after the period closes its first and last interval.
      const before = new Map<string, MeterReading>();
      const after = new Set<string>();
      let flushed = false;
      for (const reading of readings) {
        throwIfAborted(signal);
        const register = `${reading.commodity}|${reading.flow}|${reading.tariff}|${reading.serial ?? ''}|${reading.register ?? ''}`;
        if (reading.at < from) before.set(register, reading);
        else {
          if (!flushed) yield* [...before.values()].sort((a, b) => a.at - b.at);
          flushed = true;
          if (reading.at < to) yield reading;
          else if (!after.has(register)) {
            after.add(register);
            yield reading;
          }
        }
      }
      if (!flushed) yield* [...before.values()].sort((a, b) => a.at - b.at);
    },
  };
}
