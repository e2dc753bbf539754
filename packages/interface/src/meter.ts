import type { AbortOptions } from './abort.ts';
import type { AttestationLevel, Commodity, EnergyUnit, Flow, IntervalStep } from './dataset/vocabulary.ts';

/** A meter or a gateway in front of one, as a source lists it. */
export interface MeterDevice {
  /** Id within its source; personal data, never leaves the owner's node. */
  readonly id: string;
  /** Kind of source, e.g. `oehu`, `dsmr-p1`. */
  readonly source: string;
  /** [latitude, longitude] in degrees if the source tells one; personal data. */
  readonly location: {
    readonly latitude: number;
    readonly longitude: number;
    readonly accuracyMetres: number;
  } | null;
  readonly household: { readonly kind: string; readonly occupants: number | null } | null;
  /** Time of the newest reading, ms since the epoch. */
  readonly lastUpdate: number | null;
}

/** One cumulative register value. */
export interface RegisterReading {
  readonly commodity: Commodity;
  readonly flow: Flow;
  /** Tariff register, or `total`. */
  readonly tariff: number | 'total';
  /** Time of the value, ms since the epoch; the meter's own time if it tells one. */
  readonly at: number;
  /** Cumulative value, integer micro-units. */
  readonly value: number;
  readonly unit: EnergyUnit;
  readonly trust: AttestationLevel;
  /** Id of the source record (e.g. the transaction id); the key for de-duplication. Personal data. */
  readonly record: string;
}

/** An interval series: what is looked at, aggregated and sold. */
export interface IntervalSeries {
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly unit: EnergyUnit;
  /** Start of the first interval, ms since the epoch. */
  readonly start: number;
  readonly step: IntervalStep;
  /** IANA time zone that days belong to. */
  readonly zone: string;
  /** Integer micro-units per interval; null = no data. */
  readonly values: readonly (number | null)[];
  /** One `Quality` code per value. */
  readonly quality: Uint8Array;
  readonly trust: AttestationLevel;
  /** Number of readings behind the series that reached `trust`. */
  readonly verified: number;
}

/** Options of {@link MeterSource.readings}. */
export interface ReadingsOptions extends AbortOptions {
  /** First moment wanted, ms since the epoch, inclusive. */
  readonly from: number;
  /** First moment no longer wanted, ms since the epoch. */
  readonly to: number;
}

/**
 * Anything that meter readings come from. Errors: `ERR_METER_UNREACHABLE`, `ERR_METER_TIMEOUT`, `ERR_METER_SCHEMA`,
 * `ERR_METER_SIGNATURE`, `ERR_METER_RANGE`, `ERR_METER_UNKNOWN_DEVICE`, `ERR_ABORTED`.
 */
export interface MeterSource {
  /** Kind of source, e.g. `oehu`. */
  readonly kind: string;
  /** The devices known to the source. One bad entry never hides the others. */
  devices(options?: AbortOptions): Promise<readonly MeterDevice[]>;
  /** Readings of one device in ascending time, verified as far as the source allows; what lies before `from` and after `to` is used only to close the first and last interval. */
  readings(device: string, options: ReadingsOptions): AsyncIterable<RegisterReading>;
}
