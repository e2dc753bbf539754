import type { IntervalSeries } from '@edmp/interface';
import { seriesBounds } from './bounds.ts';

/** Mean power, peak power (W or the like: micro-units an hour) and their ratio. */
export interface LoadFactor {
  /** Micro-units an hour. */
  readonly mean: number;
  readonly peak: number;
  /** Mean ÷ peak, 0 … 1; null when nothing flowed. */
  readonly factor: number | null;
}

/** Load factor of a series over the intervals that have data. */
export function loadFactor(series: IntervalSeries): LoadFactor {
  const bounds = seriesBounds(series);
  let amount = 0;
  let hours = 0;
  let peak = 0;
  for (const [i, value] of series.values.entries()) {
    if (value === null) continue;
    const length = ((bounds[i + 1] ?? 0) - (bounds[i] ?? 0)) / 3_600_000;
    amount += value;
    hours += length;
    peak = Math.max(peak, value / length);
  }
  const mean = hours === 0 ? 0 : amount / hours;
  return { mean, peak, factor: peak === 0 ? null : mean / peak };
}
