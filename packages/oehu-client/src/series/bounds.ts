import type { IntervalSeries } from '@edmp/interface';
import { intervalBounds } from '../time/steps.ts';

/** The instants between which the values of `series` lie: one more than values, ms since the epoch. */
export function seriesBounds(series: IntervalSeries): Float64Array {
  return intervalBounds(series.start, series.step, series.zone, series.values.length);
}

/** First instant after the last interval of `series`. */
export function seriesEnd(series: IntervalSeries): number {
  const bounds = seriesBounds(series);
  return bounds[bounds.length - 1] ?? series.start;
}
