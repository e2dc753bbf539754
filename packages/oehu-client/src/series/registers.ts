import { Quality } from '@edmp/interface';
import { MICRO } from '../decimal.ts';
import type { MeterReading } from '../reading.ts';

/** The usable points of a register in columns, ascending in time: a year of minutes has half a million. */
export interface RegisterPoints {
  /** Ms since the epoch. */
  readonly at: Float64Array;
  /** Micro-units, continued over rollovers. */
  readonly value: Float64Array;
  /** `QualityCode`s. */
  readonly quality: Uint8Array;
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
  /** Places of its first point and of the one after its last. */
  readonly first: number;
  readonly end: number;
}

/** A cleaned register. */
export interface CleanRegister {
  readonly points: RegisterPoints;
  readonly runs: readonly RegisterRun[];
  readonly notes: readonly RegisterNote[];
}

/** How many readings a glitch may last before it counts as a new meter. */
const GLITCH_LENGTH = 3;

/** Points as they were told, and how many there are. */
interface ToldPoints extends RegisterPoints {
  readonly epoch: Float64Array;
  readonly count: number;
}

/** Sorts by time and keeps one value a moment: the one that came last wins, as a late correction (`edited`). */
function unique(readings: readonly MeterReading[], notes: RegisterNote[], isSorted = false): ToldPoints {
  const size = readings.length;
  const at = new Float64Array(size);
  const value = new Float64Array(size);
  const quality = new Uint8Array(size);
  const epoch = new Float64Array(size);
  let count = 0;
  for (const reading of readings) {
    const last = count - 1;
    const own = reading.epoch ?? 0;
    // Most come in their order; the others begin anew in it.
    if (!isSorted && last >= 0 && reading.at < (at[last] ?? 0)) {
      notes.length = 0;
      return unique(
        [...readings].sort((a, b) => a.at - b.at),
        notes,
        true,
      );
    }
    if (last >= 0 && at[last] === reading.at && epoch[last] === own) {
      if (value[last] === reading.value) {
        notes.push({ kind: 'duplicate', at: reading.at });
      } else {
        notes.push({ kind: 'conflict', at: reading.at });
        value[last] = reading.value;
        quality[last] = Quality.edited;
      }
      continue;
    }
    at[count] = reading.at;
    value[count] = reading.value;
    quality[count] = reading.quality ?? Quality.measured;
    epoch[count] = own;
    count++;
  }
  return { at, value, quality, epoch, count };
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
  const told = unique(readings, notes);
  const { at, value, quality, epoch, count } = told;
  const runs: RegisterRun[] = [];
  let cause: RunCause = 'start';
  let era = epoch[0] ?? 0;
  let offset = 0;
  /** The points that are kept are put in place of those that were told, of which they are never more. */
  let kept = 0;
  let first = 0;
  const cut = (next: RunCause): void => {
    if (kept > first) runs.push({ cause, first, end: kept });
    first = kept;
    cause = next;
    offset = 0;
  };
  const keep = (i: number, amount: number): void => {
    at[kept] = at[i] ?? 0;
    value[kept] = amount;
    quality[kept] = quality[i] ?? Quality.missing;
    kept++;
  };
  /** Whether told point `i` can follow kept point `from`. */
  const fits = (i: number, from: number): boolean => {
    const moved = (value[i] ?? 0) + offset - (value[from] ?? 0);
    return epoch[i] === era && moved >= 0 && moved <= allowance((at[i] ?? 0) - (at[from] ?? 0), maxPerHour);
  };

  for (let i = 0; i < count; i++) {
    if (epoch[i] !== era) {
      cut('gap');
      era = epoch[i] ?? 0;
    }
    const last = kept - 1;
    const raw = value[i] ?? 0;
    if (last < first) {
      keep(i, raw);
      continue;
    }
    const amount = raw + offset;
    if (fits(i, last)) {
      keep(i, amount);
      continue;
    }
    const moment = at[i] ?? 0;
    const [lastAt, lastValue] = [at[last] ?? 0, value[last] ?? 0];
    if (amount < lastValue) {
      const capacity = rolloverAt(lastValue - offset, raw);
      if (capacity > 0 && raw + capacity + offset - lastValue <= allowance(moment - lastAt, maxPerHour)) {
        offset += capacity;
        notes.push({ kind: 'rollover', at: moment });
        keep(i, raw + offset);
        continue;
      }
      // The value before may have been the wrong one: a spike that this reading comes back from.
      const earlier = value[last - 1] ?? 0;
      if (last > first && lastValue > earlier && fits(i, last - 1) && isSpike(earlier, lastValue, raw)) {
        notes.push({ kind: 'glitch', at: lastAt });
        kept--;
        keep(i, amount);
        continue;
      }
    }
    let returns = false;
    for (let next = i + 1; next <= i + GLITCH_LENGTH && next < count && !returns; next++)
      returns = fits(next, last);
    if (returns) {
      notes.push({ kind: 'glitch', at: moment });
      continue;
    }
    const why = amount < lastValue ? 'reset' : 'implausible';
    notes.push({ kind: why, at: moment });
    cut(why);
    keep(i, raw);
  }
  cut('gap');
  return { points: told, runs, notes };
}

/** Whether `last` stands out: the register is nearer to where it was before than to that value. */
function isSpike(earlier: number, last: number, value: number): boolean {
  return last - value > Math.abs(value - earlier);
}
