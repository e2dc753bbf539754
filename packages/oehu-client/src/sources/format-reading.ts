import { Quality } from '@edmp/interface';
import { formatMicro } from '../decimal.ts';
import { qualityName } from '../series/quality.ts';
import { type AnyReading, isIntervalReading, NO_TIME } from './meter-file.ts';
import { unitText } from './units.ts';

/** A reading as JSON for programs and people. */
export interface FormattedReading {
  readonly commodity: AnyReading['commodity'];
  readonly flow: AnyReading['flow'];
  /** Tariff register from 1, or `total`. */
  readonly tariff: number | 'total';
  /** ISO 8601 in UTC: when the register had the value, or when the interval began; null when nobody told. */
  readonly at: string | null;
  /** Length of the interval; absent for registers. */
  readonly seconds?: number;
  /** Decimal text in `unit`: the register's value, or the interval's amount. */
  readonly value: string;
  readonly unit: string;
  /** Channel or register, e.g. OBIS `1-0:1.8.1`; empty when the source tells none. */
  readonly meter: string;
  /** Which physical meter, as the source names it; absent when it tells none. Personal data. */
  readonly serial?: string;
  readonly quality: keyof typeof Quality;
  readonly trust: AnyReading['trust'];
}

/** The JSON object that `edmp meter read --json` writes for one reading. */
export function formatReading(reading: AnyReading): FormattedReading {
  const { commodity, flow, tariff, value, unit, register, serial, quality, trust } = reading;
  const isInterval = isIntervalReading(reading);
  const at = isInterval ? reading.start : reading.at;
  return {
    commodity,
    flow,
    tariff,
    at: at === NO_TIME ? null : new Date(at).toISOString(),
    ...(isInterval ? { seconds: reading.duration / 1000 } : {}),
    value: formatMicro(value),
    unit: unitText(unit),
    meter: register ?? '',
    ...(serial === undefined ? {} : { serial }),
    quality: qualityName(quality ?? Quality.measured),
    trust,
  };
}
