import { DAY_START } from '../support/p1-day.ts';

/** What the port and its clock do at one second of the soak; everything follows from seed and second. */
export interface SoakSecond {
  /** What the telegram says, ms since the epoch; null: a clock that was never set. */
  readonly told: number | null;
  /** One byte of the telegram is damaged on the way. */
  readonly isDamaged: boolean;
  /** The cable is pulled in the middle of this telegram, for so many seconds; 0: it is not. */
  readonly pulled: number;
}

/** First second of the soak, ms since the epoch. */
export const SOAK_START: number = DAY_START;
/** Simulated seconds between two looks at what the process holds. */
export const SAMPLE_SECONDS = 1_200;
const SECOND = 1_000;
const HOUR = 3_600_000;

/** By how much the meter's clock is wrong, in windows of half an hour. The last is more than any clock may be ahead. */
export const SHIFTS: readonly number[] = [-2 * HOUR, 3 * HOUR, 30 * HOUR];

/** A number below 2³² that follows from seed, kind and index (Murmur3's finalizer). */
export function pick(seed: number, kind: number, index: number): number {
  let h = (Math.imul(seed ^ Math.imul(kind, 0x9e3779b1), 0x85ebca6b) ^ index) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** What happens in second `n` of the soak of `seed`. */
export function soakSecond(seed: number, n: number): SoakSecond {
  const now = SOAK_START + n * SECOND;
  const window = pick(seed, 1, Math.floor(n / 1_800)) % 24;
  const shift = SHIFTS[window] ?? 0;
  const isUnset = window === SHIFTS.length && n % 1_800 < 300;
  return {
    told: isUnset ? null : now + shift,
    isDamaged: pick(seed, 2, n) % 200 === 0,
    pulled: pick(seed, 3, n) % 4_000 === 0 ? 1 + (pick(seed, 4, n) % 300) : 0,
  };
}
