import { type IntervalSeries, Quality } from '@edmp/interface';
import { formatMicro, MICRO } from '../decimal.ts';
import { OWN_CSV_HEADER } from '../sources/formats/csv/own-header.ts';
import { unitText } from '../sources/units.ts';
import { seriesBounds } from './bounds.ts';
import { qualityName } from './quality.ts';

const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');

/**
 * The series as CSV (RFC 4180): one row an interval with start, length, amount as decimal text and quality; the amount
 * of a missing interval is empty. `readMeterFile` reads it back.
 */
export function seriesToCsv(series: IntervalSeries): string {
  const bounds = seriesBounds(series);
  const rows = [OWN_CSV_HEADER];
  for (const [i, value] of series.values.entries()) {
    const from = bounds[i] ?? 0;
    const seconds = ((bounds[i + 1] ?? 0) - from) / 1000;
    const amount = value === null ? '' : formatMicro(value);
    rows.push(
      [
        iso(from),
        seconds,
        series.commodity,
        series.flow,
        'total',
        amount,
        unitText(series.unit),
        qualityName(series.quality[i] ?? Quality.missing),
      ].join(','),
    );
  }
  return `${rows.join('\r\n')}\r\n`;
}

/** One value of {@link SeriesJson}. */
export interface SeriesJsonValue {
  /** Start of the interval, ISO 8601 in UTC. */
  readonly start: string;
  /** Decimal text in the series' unit; null = no data. */
  readonly value: string | null;
  readonly quality: keyof typeof Quality;
}

/** A series as a JSON document for people and programs. */
export interface SeriesJson {
  readonly commodity: IntervalSeries['commodity'];
  readonly flow: IntervalSeries['flow'];
  readonly unit: string;
  readonly step: IntervalSeries['step'];
  readonly zone: string;
  readonly trust: IntervalSeries['trust'];
  readonly verified: number;
  readonly start: string;
  readonly end: string;
  readonly values: readonly SeriesJsonValue[];
}

/** The series as a plain object to be written as JSON; amounts are decimal text, so nothing is lost in floats. */
export function seriesToJson(series: IntervalSeries): SeriesJson {
  const bounds = seriesBounds(series);
  return {
    commodity: series.commodity,
    flow: series.flow,
    unit: unitText(series.unit),
    step: series.step,
    zone: series.zone,
    trust: series.trust,
    verified: series.verified,
    start: iso(bounds[0] ?? series.start),
    end: iso(bounds[bounds.length - 1] ?? series.start),
    values: series.values.map((value, i) => ({
      start: iso(bounds[i] ?? 0),
      value: value === null ? null : formatMicro(value),
      quality: qualityName(series.quality[i] ?? Quality.missing),
    })),
  };
}

/** One record of SenML JSON (RFC 8428). */
export type SenmlRecord = Readonly<Record<string, string | number>>;

const SENML_UNITS = { uKWh: 'kWh', uM3: 'm3', uGJ: 'GJ' } as const;

/**
 * The series as SenML (RFC 8428): a counter that starts at 0 with the first interval, one record at the end of every
 * interval, units of the secondary registry (RFC 8798). A missing interval leaves its record out. The caller names the
 * base, e.g. a pseudonym; nothing of the meter is in it.
 *
 * @param baseName - What every record's name begins with (`bn`), such as a pseudonym.
 */
export function seriesToSenml(series: IntervalSeries, baseName: string): SenmlRecord[] {
  const bounds = seriesBounds(series);
  const base = (bounds[0] ?? 0) / 1000;
  const records: SenmlRecord[] = [
    { bn: baseName, bt: base, bu: SENML_UNITS[series.unit], n: `${series.commodity}/${series.flow}`, v: 0 },
  ];
  let counter = 0;
  for (const [i, value] of series.values.entries()) {
    if (value === null) continue;
    counter += value;
    const t = (bounds[i + 1] ?? 0) / 1000 - base;
    records.push({ n: `${series.commodity}/${series.flow}`, t, v: counter / MICRO });
  }
  return records;
}
