import type { EnergyUnit, QualityCode, RegisterReading } from '@edmp/interface';

/**
 * A register reading with what a source may know besides: every {@link RegisterReading} is one.
 * Values are cumulative, integer micro-units.
 */
export interface MeterReading extends RegisterReading {
  /**
   * Which physical meter or usage point, as the source names it; personal data. Values of different serials are never
   * subtracted from each other.
   */
  readonly serial?: string;
  /** Channel and register within the meter, e.g. OBIS `1-0:1.8.1` or `0-1:24.2.1`. */
  readonly register?: string;
  /** Length in ms of the intervals that a counter was made of (`registersOf`); absent for registers of a meter. */
  readonly interval?: number;
  /** Quality told by the source; `measured` when absent. */
  readonly quality?: QualityCode;
  /** Counts up at each known replacement or gap: values of different epochs are never subtracted. */
  readonly epoch?: number;
  /** Clock of the gateway that took the reading, ms since the epoch. */
  readonly observedAt?: number;
  /** Clock of the ledger or server that stored it, ms since the epoch. */
  readonly storedAt?: number;
}

/**
 * Energy or volume of one interval, from sources that deliver intervals instead of registers (Green Button, load
 * curves). Turn them into registers with `registersOf`.
 */
export interface IntervalReading {
  readonly commodity: RegisterReading['commodity'];
  readonly flow: RegisterReading['flow'];
  readonly tariff: number | 'total';
  /** Start of the interval, ms since the epoch. */
  readonly start: number;
  /** Length in ms. */
  readonly duration: number;
  /** Amount in the interval, integer micro-units. */
  readonly value: number;
  readonly unit: EnergyUnit;
  readonly trust: RegisterReading['trust'];
  readonly record: string;
  /** Which physical meter or usage point, as the source names it; personal data. */
  readonly serial?: string;
  /** Channel, column or series within the meter. */
  readonly register: string;
  readonly quality: QualityCode;
}
