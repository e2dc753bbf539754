import { Quality, type QualityCode } from '@edmp/interface';
import { worseQuality } from './quality.ts';
import type { RegisterRun } from './registers.ts';

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
  runs: readonly RegisterRun[],
  bounds: Float64Array,
  bridgeMs: number,
  stepMs: number,
): CumulativeColumn {
  const size = bounds.length;
  const column: CumulativeColumn = {
    begin: runs[0]?.points[0]?.at ?? Number.POSITIVE_INFINITY,
    end: runs[runs.length - 1]?.points.at(-1)?.at ?? Number.NEGATIVE_INFINITY,
    moves: runs.some(({ points }) => (points.at(-1)?.value ?? 0) > (points[0]?.value ?? 0)),
    level: new Float64Array(size).fill(Number.NaN),
    run: new Int32Array(size).fill(-1),
    covered: new Uint8Array(Math.max(0, size - 1)),
    quality: new Uint8Array(Math.max(0, size - 1)).fill(Quality.measured),
  };
  const fine = stepMs / 4;

  // Bounds that readings of one run lie around.
  for (const [index, run] of runs.entries()) {
    let cursor = 0;
    const { points } = run;
    const first = points[0];
    const last = points[points.length - 1];
    if (first === undefined || last === undefined) continue;
    for (let b = lowerBound(bounds, first.at); b < size; b++) {
      const at = bounds[b] ?? 0;
      if (at > last.at) break;
      while (cursor + 1 < points.length && (points[cursor + 1]?.at ?? 0) <= at) cursor++;
      const left = points[cursor];
      const right = points[cursor + 1];
      if (left === undefined) break;
      column.run[b] = index;
      if (left.at === at || right === undefined) column.level[b] = left.value;
      else {
        const share = (at - left.at) / (right.at - left.at);
        column.level[b] = left.value + Math.floor((right.value - left.value) * share);
      }
    }
    markIntervals(column, points, bounds, bridgeMs, fine);
  }
  markResets(column, runs, bounds);
  return column;
}

/** Marks intervals between two known bounds as covered, and takes back those that a long stretch touches. */
function markIntervals(
  column: CumulativeColumn,
  run: RegisterRun['points'],
  bounds: Float64Array,
  bridgeMs: number,
  fine: number,
): void {
  const begin = run[0]?.at ?? 0;
  const end = run[run.length - 1]?.at ?? 0;
  for (let i = lowerBound(bounds, begin); i + 1 < bounds.length && (bounds[i + 1] ?? 0) <= end; i++) {
    column.covered[i] = Coverage.full;
  }
  for (let p = 0; p + 1 < run.length; p++) {
    const left = run[p];
    const right = run[p + 1];
    if (left === undefined || right === undefined) continue;
    const stretch = right.at - left.at;
    const code = worseQuality(left.quality, right.quality);
    if (stretch <= fine && code === Quality.measured) continue;
    // Intervals that overlap the open stretch (left.at, right.at).
    for (let i = Math.max(0, upperBound(bounds, left.at) - 1); i + 1 < bounds.length; i++) {
      const from = bounds[i] ?? 0;
      const to = bounds[i + 1] ?? 0;
      if (from >= right.at) break;
      if (to <= left.at) continue;
      if (stretch > bridgeMs) column.covered[i] = Coverage.none;
      const cuts = (from > left.at && from < right.at) || (to > left.at && to < right.at);
      if (cuts && stretch > fine) {
        column.quality[i] = worseQuality(column.quality[i] as QualityCode, Quality.interpolated);
      }
      column.quality[i] = worseQuality(column.quality[i] as QualityCode, code);
    }
  }
}

/** Marks the intervals between the end of one run and the start of the next. */
function markResets(column: CumulativeColumn, runs: readonly RegisterRun[], bounds: Float64Array): void {
  for (let r = 0; r + 1 < runs.length; r++) {
    const next = runs[r + 1];
    const left = runs[r]?.points.at(-1)?.at;
    const right = next?.points[0]?.at;
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
