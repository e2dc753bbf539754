import type { IntervalReading, MeterReading } from '../reading.ts';
import type { SourceIssue } from './issues.ts';

/** What a meter file or answer turned out to be. */
export type MeterFileKind =
  | 'dsmr-p1'
  | 'homewizard'
  | 'green-button'
  | 'oehu'
  | 'senml'
  | 'csv'
  | 'sml'
  | 'nl-mijn-aansluiting'
  | 'be-fluvius'
  | 'at-eda';

/** A register reading or the amount of one interval. */
export type AnyReading = MeterReading | IntervalReading;

/** A meter file, read. */
export interface MeterFile {
  readonly kind: MeterFileKind;
  /** In the order of the file. */
  readonly readings: readonly AnyReading[];
  /** What could not be read, and why. */
  readonly issues: readonly SourceIssue[];
}

/** Whether a reading is the amount of one interval. */
export function isIntervalReading(reading: AnyReading): reading is IntervalReading {
  return 'duration' in reading;
}

/**
 * Registers of interval amounts: a counter from 0 for each meter and tariff, read at both ends of every interval. Where
 * intervals do not follow each other the counter starts a new `epoch`, so a missing interval stays missing.
 */
export function registersOf(readings: readonly AnyReading[]): MeterReading[] {
  const registers: MeterReading[] = [];
  const counters = new Map<string, { end: number; value: number; epoch: number }>();
  const intervals: IntervalReading[] = [];
  for (const reading of readings) {
    if (isIntervalReading(reading)) intervals.push(reading);
    else registers.push(reading);
  }
  intervals.sort((a, b) => a.start - b.start);
  for (const { start, duration, value, quality, ...rest } of intervals) {
    const key = `${rest.commodity}|${rest.flow}|${rest.tariff}|${rest.meter}`;
    let counter = counters.get(key);
    if (counter === undefined || counter.end !== start) {
      // An overlap is a late correction of what was there: the first amount stays.
      if (counter !== undefined && counter.end > start) continue;
      counter = { end: start, value: 0, epoch: (counter?.epoch ?? -1) + 1 };
      counters.set(key, counter);
      registers.push({ ...rest, at: start, value: 0, epoch: counter.epoch });
    }
    counter.value += value;
    counter.end = start + duration;
    registers.push({ ...rest, at: counter.end, value: counter.value, epoch: counter.epoch, quality });
  }
  return registers;
}
