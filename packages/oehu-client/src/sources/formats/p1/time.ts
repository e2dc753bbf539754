import { boundedMap } from '@edmp/interface/bounded';
import { zoneOf } from '../../../time/zone.ts';
import { isCalendarDay } from '../../iso-time.ts';

/** A moment that a telegram tells. */
export interface P1Time {
  /** Ms since the epoch. */
  readonly at: number;
  /** Whether the text left two moments open (the repeated hour without an S or W) and the earlier was taken. */
  readonly ambiguous: boolean;
  /** Whether the summer-time letter says something else than the zone: one of the two is wrong. */
  readonly isOdd: boolean;
}

/** What is told of a moment that is odd. */
export const ODD_CLOCK = 'The summer-time letter is not what the zone has at that time; is the zone right?';

const TIME = /^\d{12}[SW]?$/;

const offsets = boundedMap<string, Map<number, number>>({ max: 128 });

/** Winter offset of a zone in a year, ms. */
function standardOffset(zone: string, year: number): number {
  const years = offsets.get(zone) ?? new Map<number, number>();
  let offset = years.get(year);
  if (offset === undefined) {
    const calendar = zoneOf(zone);
    offset = Math.min(calendar.offsetAt(Date.UTC(year, 0, 1)), calendar.offsetAt(Date.UTC(year, 6, 1)));
    // The year has two digits in a telegram, so that there are at most a hundred.
    years.set(year, offset);
    offsets.set(zone, years);
  }
  return offset;
}

/**
 * Moment of a P1 time `YYMMDDhhmmssX` (DSMR 5.0.2 §6.4). X tells summer (S) or winter (W) time, so the repeated hour is
 * unambiguous; DSMR 2 and 3 have no X and are read in `zone`. `standardOffsetMinutes` is the winter offset of the grid,
 * that of the zone when not given. Undefined for anything that is no calendar time.
 */
export function parseP1Time(
  text: string,
  zone: string,
  standardOffsetMinutes: number | undefined,
): P1Time | undefined {
  if (!TIME.test(text)) return undefined;
  const two = (from: number): number => (text.charCodeAt(from) - 48) * 10 + text.charCodeAt(from + 1) - 48;
  const [year, month, day, hour, minute, second] = [two(0), two(2), two(4), two(6), two(8), two(10)];
  if (!isCalendarDay(2000 + year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined;
  const local = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  const flag = text[12];
  if (flag === 'S' || flag === 'W') {
    const summer = flag === 'S' ? 3_600_000 : 0;
    if (standardOffsetMinutes !== undefined)
      return { at: local - standardOffsetMinutes * 60_000 - summer, ambiguous: false, isOdd: false };
    const offset = standardOffset(zone, 2000 + year) + summer;
    const at = local - offset;
    return { at, ambiguous: false, isOdd: zoneOf(zone).offsetAt(at) !== offset };
  }
  const { earlier, kind } = zoneOf(zone).fromLocal(local);
  return { at: earlier, ambiguous: kind === 'repeated', isOdd: kind === 'skipped' };
}
