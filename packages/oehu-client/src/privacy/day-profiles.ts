import type { IntervalSeries } from '@edmp/interface';
import { seriesBounds } from '../series/bounds.ts';
import { zoneOf } from '../time/zone.ts';

/** One local day of a series. Intervals without data are left out of the lists. */
export interface DayProfile {
  readonly date: string;
  readonly isWorkday: boolean;
  /** Sum of the day, micro-units. */
  readonly total: number;
  /** Share of the day's intervals that have data, 0 … 1. */
  readonly coverage: number;
  /** Mean power of each interval, micro-units an hour. */
  readonly power: readonly number[];
  /** Local clock at the start of each of them, hours. */
  readonly hours: readonly number[];
}

/** Splits a series into local days. */
export function dayProfiles(series: IntervalSeries): DayProfile[] {
  const zone = zoneOf(series.zone);
  const bounds = seriesBounds(series);
  const days: { date: string; total: number; count: number; power: number[]; hours: number[] }[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const [i, value] of series.values.entries()) {
    const from = bounds[i] ?? 0;
    if (from >= end) {
      end = zone.nextDay(from);
      days.push({ date: zone.dateOf(from), total: 0, count: 0, power: [], hours: [] });
    }
    const day = days[days.length - 1];
    if (day === undefined) continue;
    day.count++;
    if (value === null) continue;
    day.total += value;
    day.power.push((value * 3_600_000) / ((bounds[i + 1] ?? 0) - from));
    day.hours.push(((((from + zone.offsetAt(from)) % 86_400_000) + 86_400_000) % 86_400_000) / 3_600_000);
  }
  return days.map(({ count, ...day }) => {
    const weekday = new Date(`${day.date}T00:00:00Z`).getUTCDay();
    return { ...day, isWorkday: weekday >= 1 && weekday <= 5, coverage: day.power.length / count };
  });
}

/** The value below which a share of `values` lies; 0 when there are none. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** The middle value; 0 when there are none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
