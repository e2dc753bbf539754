import { Quality, type QualityCode } from '@edmp/interface';
import { worseQuality } from './quality.ts';
import type { CleanRegister, RegisterPoints, RegisterRun } from './registers.ts';

/** A register read at every bound of a grid. */
export interface CumulativeColumn {
  /** Register value at each bound, micro-units; NaN where unknown. */
  readonly level: Float64Array;
  /** First and last reading of the register, ms since the epoch. */
  readonly begin: number;
  readonly end: number;
  /** Whether the register ever moved. */
  readonly moves: boolean;
  /** Which run each bound was read from; −1 where unknown. */
  readonly run: Int32Array;
  /** Per interval: whether readings of one run cover it, or why not. */
  readonly covered: Uint8Array;
  /** Per interval: quality of the difference. */
  readonly quality: Uint8Array;
}

/** Values of {@link CumulativeColumn.covered}. */
export const Coverage = { none: 0, full: 1, reset: 2, implausible: 3 } as const;

/**
 * Reads a cleaned register at `bounds`. Between two readings the value lies on the straight line, rounded down to an
 * integer, so that differences telescope to the register difference. Stretches longer than `bridgeMs` mark every
 * interval that they touch as not covered; stretches longer than a quarter step mark it as interpolated.
 */
export function readCumulative(
  { points, runs }: Pick<CleanRegister, 'points' | 'runs'>,
  bounds: Float64Array,
  bridgeMs: number,
  stepMs: number,
): CumulativeColumn {
  const size = bounds.length;
  const { at: times, value: values } = points;
  const last = runs[runs.length - 1];
  const column: CumulativeColumn = {
    begin: times[runs[0]?.first ?? -1] ?? Number.POSITIVE_INFINITY,
    end: last === undefined ? Number.NEGATIVE_INFINITY : (times[last.end - 1] ?? 0),
    moves: runs.some(({ first, end }) => (values[end - 1] ?? 0) > (values[first] ?? 0)),
    level: new Float64Array(size).fill(Number.NaN),
    run: new Int32Array(size).fill(-1),
    covered: new Uint8Array(Math.max(0, size - 1)),
    quality: new Uint8Array(Math.max(0, size - 1)).fill(Quality.measured),
  };
  const fine = stepMs / 4;

  // Bounds that readings of one run lie around.
  for (const [index, run] of runs.entries()) {
    let cursor = run.first;
    const final = run.end - 1;
    for (let b = lowerBound(bounds, times[cursor] ?? 0); b < size; b++) {
      const at = bounds[b] ?? 0;
      if (at > (times[final] ?? 0)) break;
      while (cursor < final && (times[cursor + 1] ?? 0) <= at) cursor++;
      const [leftAt, leftValue] = [times[cursor] ?? 0, values[cursor] ?? 0];
      column.run[b] = index;
      if (leftAt === at || cursor === final) column.level[b] = leftValue;
      else {
        const share = (at - leftAt) / ((times[cursor + 1] ?? 0) - leftAt);
        column.level[b] = leftValue + Math.floor(((values[cursor + 1] ?? 0) - leftValue) * share);
      }
    }
    markIntervals(column, points, run, bounds, bridgeMs, fine);
  }
  markResets(column, points, runs, bounds);
  return column;
}

/** Marks intervals between two known bounds as covered, and takes back those that a long stretch touches. */
function markIntervals(
  column: CumulativeColumn,
  { at: times, quality }: RegisterPoints,
  run: RegisterRun,
  bounds: Float64Array,
  bridgeMs: number,
  fine: number,
): void {
  const begin = times[run.first] ?? 0;
  const end = times[run.end - 1] ?? 0;
  for (let i = lowerBound(bounds, begin); i + 1 < bounds.length && (bounds[i + 1] ?? 0) <= end; i++) {
    column.covered[i] = Coverage.full;
  }
  for (let p = run.first; p + 1 < run.end; p++) {
    const [left, right] = [times[p] ?? 0, times[p + 1] ?? 0];
    const stretch = right - left;
    const [one, other] = [quality[p] as QualityCode, quality[p + 1] as QualityCode];
    if (stretch <= fine && one === Quality.measured && other === Quality.measured) continue;
    const code = worseQuality(one, other);
    // Intervals that overlap the open stretch (left, right).
    for (let i = Math.max(0, upperBound(bounds, left) - 1); i + 1 < bounds.length; i++) {
      const from = bounds[i] ?? 0;
      const to = bounds[i + 1] ?? 0;
      if (from >= right) break;
      if (to <= left) continue;
      if (stretch > bridgeMs) column.covered[i] = Coverage.none;
      const cuts = (from > left && from < right) || (to > left && to < right);
      if (cuts && stretch > fine) {
        column.quality[i] = worseQuality(column.quality[i] as QualityCode, Quality.interpolated);
      }
      column.quality[i] = worseQuality(column.quality[i] as QualityCode, code);
    }
  }
}

/** Marks the intervals between the end of one run and the start of the next. */
function markResets(
  column: CumulativeColumn,
  { at: times }: RegisterPoints,
  runs: readonly RegisterRun[],
  bounds: Float64Array,
): void {
  for (let r = 0; r + 1 < runs.length; r++) {
    const next = runs[r + 1];
    const left = times[(runs[r]?.end ?? 0) - 1];
    const right = times[next?.first ?? -1];
    if (left === undefined || right === undefined) continue;
    const mark =
      next?.cause === 'reset'
        ? Coverage.reset
        : next?.cause === 'implausible'
          ? Coverage.implausible
          : Coverage.none;
    for (let i = Math.max(0, upperBound(bounds, left) - 1); i + 1 < bounds.length; i++) {
      if ((bounds[i] ?? 0) >= right) break;
      if ((bounds[i + 1] ?? 0) > left) column.covered[i] = mark;
    }
  }
}

/** Index of the first bound at or after `at`. */
function lowerBound(bounds: Float64Array, at: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first bound after `at`. */
function upperBound(bounds: Float64Array, at: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
