import type { MeterReading } from '../../packages/oehu-client/src/index.ts';
import { intervalSeries, zoneOf } from '../../packages/oehu-client/src/index.ts';
import { intervalBounds } from '../../packages/oehu-client/src/time/steps.ts';

const QUARTER = 900_000;
const DAY = 86_400_000;

/** What we say of a day whose clock changes. */
export interface ChangeDay {
  readonly date: string;
  readonly start: number;
  readonly end: number;
  /** For every quarter hour of wall-clock time of the day its first and second instant; null where the clock skips it. */
  readonly quarters: readonly (readonly [number, number] | null)[];
  /** Amounts of the day before, the day and the day after of a meter that counts 1 mWh a second, in seconds. */
  readonly series: readonly (number | null)[];
}

/** A meter that counts one micro-unit a millisecond, read every quarter hour. */
function steadyReadings(from: number, to: number): MeterReading[] {
  return Array.from({ length: (to - from) / QUARTER + 1 }, (_, i) => ({
    commodity: 'electricity',
    flow: 'import',
    tariff: 'total',
    at: from + i * QUARTER,
    value: i * QUARTER,
    unit: 'uKWh',
    trust: 'unsigned',
    record: String(i),
    register: '1-0:1.8.0',
  }));
}

/** The days of a zone from 1 January of one year to that of another that do not have 24 hours. */
export function changeDays(name: string, fromYear: number, toYear: number): readonly ChangeDay[] {
  const zone = zoneOf(name);
  const first = zone.midnight(`${fromYear}-01-01`);
  const bounds = intervalBounds(first, 'P1D', name, Math.round((Date.UTC(toYear, 0, 1) - first) / DAY));
  const days: ChangeDay[] = [];
  for (const [i, start] of bounds.entries()) {
    const end = bounds[i + 1];
    const before = bounds[i - 1];
    const after = bounds[i + 2];
    if (end === undefined || before === undefined || after === undefined || end - start === DAY) continue;
    const date = zone.dateOf(start);
    const midnight = Date.parse(`${date}T00:00:00Z`);
    const series = intervalSeries(steadyReadings(before, after), {
      commodity: 'electricity',
      flow: 'import',
      from: before,
      to: after,
      step: 'P1D',
      zone: name,
    });
    days.push({
      date,
      start,
      end,
      quarters: Array.from({ length: 96 }, (_, quarter) => {
        const { kind, earlier, later } = zone.fromLocal(midnight + quarter * QUARTER);
        return kind === 'skipped' ? null : [earlier, later];
      }),
      series: series.values.map((value) => (value === null ? null : value / 1000)),
    });
  }
  return days;
}
