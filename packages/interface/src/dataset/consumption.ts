import type { QualityCode } from './vocabulary.ts';

/** The private part of a series (the seed report's Figure 11): values only, nothing that says whose or where. */
export interface Consumption {
  /** Energy or volume per interval in micro-units; null = no data, 0 = measured zero. Integers. */
  readonly values: readonly (number | null)[];
  /** One {@link QualityCode} per value. */
  readonly quality: Uint8Array;
  /** Start of the first interval, minutes after local midnight of the descriptor's first day. */
  readonly offsetMinutes: number;
}
