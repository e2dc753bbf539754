import { type IntervalSeries, Quality, type QualityCode } from '@edmp/interface';
import type { IntervalReading } from '../reading.ts';
import { seriesBounds } from '../series/bounds.ts';
import type { AnyReading } from '../sources/meter-file.ts';

/** The interval of a series that has no data. */
export type MissingInterval = Omit<IntervalReading, 'value'> & { readonly value: null };

/** What an export writes: a reading, or an interval without data. */
export type ExportRow = AnyReading | MissingInterval;

/** What a file tells about all of its rows. */
export interface ExportAbout {
  /** What the meter is called: a name of the owner's choice, or a pseudonym. */
  readonly meter: string;
  /** IANA zone that the meter's days belong to. */
  readonly zone: string;
}

/** Moment of a row: when the register had the value, or when the interval began; ms since the epoch, or `NO_TIME`. */
export function rowMoment(row: ExportRow): number {
  return 'duration' in row ? row.start : row.at;
}

/** Rows of one piece of a series: a year of minutes is not turned into objects at once. */
const ROWS_AT_ONCE = 10_000;

/** The intervals of a series as rows, in pieces; those without data stay, without a value. */
export function* rowsOfSeries(series: IntervalSeries): Generator<readonly ExportRow[]> {
  const bounds = seriesBounds(series);
  const { commodity, flow, unit, trust } = series;
  for (let first = 0; first < series.values.length; first += ROWS_AT_ONCE) {
    yield series.values.slice(first, first + ROWS_AT_ONCE).map((value, i) => {
      const start = bounds[first + i] ?? 0;
      const common = {
        commodity,
        flow,
        tariff: 'total' as const,
        unit,
        trust,
        record: '',
        register: '',
        start,
        duration: (bounds[first + i + 1] ?? 0) - start,
        quality: (series.quality[first + i] ?? Quality.missing) as QualityCode,
      };
      return value === null ? { ...common, value } : { ...common, value };
    });
  }
}
