import { type IntervalSeries, type IntervalStep, Quality, type QualityCode } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import { alignUp, intervalBounds, nominalStepMs } from '../time/steps.ts';
import { zoneOf } from '../time/zone.ts';
import { seriesBounds } from './bounds.ts';
import { worseQuality } from './quality.ts';

/**
 * A series in a coarser step whose sums are exactly those of the fine one. Whole coarse intervals only; one that holds a
 * missing fine interval is missing, so a gap never looks like low use. Qualities become the worst of their parts.
 * Throws `ERR_METER_RANGE` when `step` is not coarser or not made of whole fine intervals.
 */
export function aggregate(series: IntervalSeries, step: IntervalStep): IntervalSeries {
  if (step === series.step) return series;
  const isMultiple = nominalStepMs(step) % nominalStepMs(series.step) === 0;
  if (nominalStepMs(step) < nominalStepMs(series.step) || !isMultiple) {
    throw new MeterError(
      'ERR_METER_RANGE',
      `A series of ${series.step} cannot be turned into one of ${step}`,
    );
  }
  const fine = seriesBounds(series);
  const end = fine[fine.length - 1] ?? series.start;
  const start = alignUp(series.start, step, zoneOf(series.zone));
  const most = Math.max(0, Math.ceil((end - start) / nominalStepMs(step))) + 1;
  const bounds = intervalBounds(start, step, series.zone, most);
  const values: (number | null)[] = [];
  const quality: number[] = [];
  let i = 0;
  while (i < series.values.length && (fine[i] ?? 0) < start) i++;
  for (let b = 0; b + 1 < bounds.length && (bounds[b + 1] ?? 0) <= end; b++) {
    let sum: number | null = 0;
    let code: QualityCode = Quality.measured;
    for (; i < series.values.length && (fine[i] ?? 0) < (bounds[b + 1] ?? 0); i++) {
      const value = series.values[i] ?? null;
      sum = sum === null || value === null ? null : sum + value;
      code = worseQuality(code, (series.quality[i] ?? Quality.missing) as QualityCode);
    }
    values.push(sum);
    quality.push(sum === null && code !== Quality.reset ? Quality.missing : code);
  }
  return { ...withoutReport(series), start, step, values, quality: Uint8Array.from(quality) };
}

/** The fields of a series alone, without what a maker may have added to the object. */
function withoutReport(series: IntervalSeries): IntervalSeries {
  const { commodity, flow, unit, start, step, zone, values, quality, trust, verified } = series;
  return { commodity, flow, unit, start, step, zone, values, quality, trust, verified };
}
