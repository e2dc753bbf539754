import type { IntervalSeries } from '@edmp/interface';
import { seriesBounds } from '../series/bounds.ts';
import { zoneOf } from '../time/zone.ts';

/**
 * The whole local days of a series. A day at either end of which only a part is there is left out: a listing names days
 * and counts intervals, so that the count of a half day would tell to the minute when its data begins. A series without a
 * whole day becomes one without intervals. Gaps within a day stay gaps.
 */
export function wholeDays(series: IntervalSeries): IntervalSeries {
  const bounds = seriesBounds(series);
  const zone = zoneOf(series.zone);
  let first = 0;
  let last = bounds.length - 1;
  const isMidnight = (at: number): boolean => zone.startOfDay(at) === at;
  while (first < last && !isMidnight(bounds[first] ?? 0)) first++;
  while (last > first && !isMidnight(bounds[last] ?? 0)) last--;
  if (first === 0 && last === bounds.length - 1) return series;
  return {
    ...series,
    start: bounds[first] ?? series.start,
    values: series.values.slice(first, last),
    quality: series.quality.slice(first, last),
  };
}
