import { zoneOf } from '../../time/zone.ts';

/** A moment that a telegram tells. */
export interface P1Time {
  /** Ms since the epoch. */
  readonly at: number;
  /** Whether the text left two moments open (the repeated hour without an S or W) and the earlier was taken. */
  readonly ambiguous: boolean;
}

const TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})([SW]?)$/;

/**
 * Moment of a P1 time `YYMMDDhhmmssX` (DSMR 5.0.2 §6.4). X tells summer (S) or winter (W) time, so the repeated hour is
 * unambiguous; DSMR 2 and 3 have no X and are read in `zone`. `standardOffsetMinutes` is the winter offset of the grid.
 * Undefined for anything that is no calendar time.
 */
export function parseP1Time(text: string, zone: string, standardOffsetMinutes: number): P1Time | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59)
    return undefined;
  const local = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  if (new Date(local).getUTCDate() !== day) return undefined;
  const flag = match[7];
  if (flag === 'S' || flag === 'W') {
    const offset = standardOffsetMinutes + (flag === 'S' ? 60 : 0);
    return { at: local - offset * 60_000, ambiguous: false };
  }
  const { earlier, kind } = zoneOf(zone).fromLocal(local);
  return { at: earlier, ambiguous: kind === 'repeated' };
}
