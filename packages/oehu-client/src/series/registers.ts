import { Quality, type QualityCode } from '@edmp/interface';
import { MICRO } from '../decimal.ts';
import type { MeterReading } from '../reading.ts';

/** One usable point of a register: time, value continued over rollovers, and its quality. */
export interface RegisterPoint {
  readonly at: number;
  readonly value: number;
  readonly quality: QualityCode;
}

/** What was noticed while cleaning a register. */
export interface RegisterNote {
  readonly kind:
    | 'duplicate'
    | 'conflict'
    | 'glitch'
    | 'reset'
    | 'rollover'
    | 'implausible'
    | 'total-mismatch';
  /** When, ms since the epoch. */
  readonly at: number;
}

/** Why a run of points starts where it does. */
export type RunCause = 'start' | 'gap' | 'reset' | 'implausible';

/** Points of one register that may be subtracted from each other; ascending in time and value. */
export interface RegisterRun {
  readonly cause: RunCause;
  readonly points: readonly RegisterPoint[];
}

/** A cleaned register. */
export interface CleanRegister {
  readonly runs: readonly RegisterRun[];
  readonly notes: readonly RegisterNote[];
}

/** How many readings a glitch may last before it counts as a new meter. */
const GLITCH_LENGTH = 3;

interface Point {
  at: number;
  value: number;
  quality: QualityCode;
  epoch: number;
}

/** Sorts by time and keeps one value a moment: the one that came last wins, as a late correction (`edited`). */
function unique(readings: readonly MeterReading[], notes: RegisterNote[]): Point[] {
  const points: Point[] = [];
  const ordered = isAscending(readings) ? readings : [...readings].sort((a, b) => a.at - b.at);
  for (const reading of ordered) {
    const last = points[points.length - 1];
    const quality = reading.quality ?? Quality.measured;
    const epoch = reading.epoch ?? 0;
    if (last !== undefined && last.at === reading.at && last.epoch === epoch) {
      if (last.value === reading.value) {
        notes.push({ kind: 'duplicate', at: reading.at });
      } else {
        notes.push({ kind: 'conflict', at: reading.at });
        last.value = reading.value;
        last.quality = Quality.edited;
      }
    } else points.push({ at: reading.at, value: reading.value, quality, epoch });
  }
  return points;
}

function isAscending(readings: readonly MeterReading[]): boolean {
  let last = Number.NEGATIVE_INFINITY;
  for (const reading of readings) {
    if (reading.at < last) return false;
    last = reading.at;
  }
  return true;
}

/** The capacity that a register of n decimal digits wraps at, or 0 when the step back is no rollover. */
function rolloverAt(before: number, after: number): number {
  for (const digits of [5, 6, 7, 8]) {
    const capacity = 10 ** digits * MICRO;
    if (before < capacity && before > 0.999 * capacity && after < 0.001 * capacity) return capacity;
  }
  return 0;
}

/** Most that one register may move in `ms` at `maxPerHour` micro-units, with room for rounding to 0.001 units. */
const allowance = (ms: number, maxPerHour: number): number => (maxPerHour * ms) / 3_600_000 + 2000;

/**
 * Cleans one register: duplicates merge, late corrections replace, single wrong values that the register
 * comes back from are left out, rollovers are continued, and every other decrease or impossible jump starts a new run.
 * Values of different runs are never subtracted from each other.
 */
export function cleanRegister(readings: readonly MeterReading[], maxPerHour: number): CleanRegister {
  const notes: RegisterNote[] = [];
  const points = unique(readings, notes);
  const runs: RegisterRun[] = [];
  let run: RegisterPoint[] = [];
  let cause: RunCause = 'start';
  let epoch = points[0]?.epoch ?? 0;
  let offset = 0;
  const cut = (next: RunCause): void => {
    if (run.length > 0) runs.push({ cause, points: run });
    run = [];
    cause = next;
    offset = 0;
  };

  for (let i = 0; i < points.length; i++) {
    const point = points[i];
    if (point === undefined) continue;
    if (point.epoch !== epoch) {
      cut('gap');
      epoch = point.epoch;
    }
    const last = run[run.length - 1];
    const value = point.value + offset;
    if (last === undefined) {
      run.push({ at: point.at, value: point.value, quality: point.quality });
      continue;
    }
    const fits = (candidate: Point, from: RegisterPoint): boolean => {
      const moved = candidate.value + offset - from.value;
      return (
        candidate.epoch === epoch && moved >= 0 && moved <= allowance(candidate.at - from.at, maxPerHour)
      );
    };
    if (fits(point, last)) {
      run.push({ at: point.at, value, quality: point.quality });
      continue;
    }
    if (value < last.value) {
      const capacity = rolloverAt(last.value - offset, point.value);
      if (
        capacity > 0 &&
        point.value + capacity + offset - last.value <= allowance(point.at - last.at, maxPerHour)
      ) {
        offset += capacity;
        notes.push({ kind: 'rollover', at: point.at });
        run.push({ at: point.at, value: point.value + offset, quality: point.quality });
        continue;
      }
      // The value before may have been the wrong one: a spike that this reading comes back from.
      const earlier = run[run.length - 2];
      if (
        earlier !== undefined &&
        last.value > earlier.value &&
        fits(point, earlier) &&
        isSpike(earlier, last, point)
      ) {
        notes.push({ kind: 'glitch', at: last.at });
        run[run.length - 1] = { at: point.at, value, quality: point.quality };
        continue;
      }
    }
    let returns = false;
    for (let next = i + 1; next <= i + GLITCH_LENGTH && next < points.length && !returns; next++) {
      const candidate = points[next];
      if (candidate !== undefined) returns = fits(candidate, last);
    }
    if (returns) {
      notes.push({ kind: 'glitch', at: point.at });
      continue;
    }
    const why = value < last.value ? 'reset' : 'implausible';
    notes.push({ kind: why, at: point.at });
    cut(why);
    run.push({ at: point.at, value: point.value, quality: point.quality });
  }
  cut('gap');
  return { runs, notes };
}

/** Whether `last` stands out: the register is nearer to where it was before than to that value. */
function isSpike(earlier: RegisterPoint, last: RegisterPoint, point: Point): boolean {
  return last.value - point.value > Math.abs(point.value - earlier.value);
}
