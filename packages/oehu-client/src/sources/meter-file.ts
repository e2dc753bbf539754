import type { IntervalReading, MeterReading } from '../reading.ts';
import type { SourceIssue } from './issues.ts';

/** What a meter file or answer turned out to be: the `kind` of a row of `METER_FORMATS`. */
export type MeterFileKind = string;

/** A register reading or the amount of one interval. */
export type AnyReading = MeterReading | IntervalReading;

/**
 * Time of a reading whose moment nobody told: neither the source nor the caller. `formatReading` shows it as null, and
 * no series is made of it.
 */
export const NO_TIME = 0;

/** A meter file, read. */
export interface MeterFile {
  readonly kind: MeterFileKind;
  /** In the order of the file; where it tells a moment twice the later one is right (`registersOf`). */
  readonly readings: readonly AnyReading[];
  /** What could not be read, and why. */
  readonly issues: readonly SourceIssue[];
}

/** A meter file, read, whose readings are made when they are asked for: millions of them take much room at once. */
export interface MeterFilePieces extends Pick<MeterFile, 'kind' | 'issues'> {
  /** All readings, in pieces of some thousand where the kind allows, as often as it is called; see {@link MeterFile}. */
  pieces(): Iterable<readonly AnyReading[]>;
}

/** Whether a reading is the amount of one interval. */
export function isIntervalReading(reading: AnyReading): reading is IntervalReading {
  return 'duration' in reading;
}

/** Moment of a reading: when the register had the value, or when the interval began. */
export function momentOf(reading: AnyReading): number {
  return isIntervalReading(reading) ? reading.start : reading.at;
}
