import { type IntervalSeries, Quality } from '@edmp/interface';
import { formatMicro } from '../decimal.ts';
import { rowsOfSeries } from '../export/row.ts';
import { SenmlPack, type SenmlRecord } from '../export/senml.ts';
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

/**
 * The series as SenML (RFC 8428): counters that start at 0, one record at both ends of every run of intervals and one
 * between any two; where an interval is missing another counter begins, with another base name. Energy is told in J, the
 * unit of the registry. Nothing of the meter is in it but the name.
 *
 * @param name - What every record's base name (`bn`) names, such as a pseudonym; characters that SenML does not allow
 *   are escaped.
 */
export function seriesToSenml(series: IntervalSeries, name: string): SenmlRecord[] {
  const pack = new SenmlPack({ meter: name, zone: series.zone });
  return [...rowsOfSeries(series)].flatMap((rows) => pack.records(rows));
}
