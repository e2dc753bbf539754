import type { IntervalStep } from '@edmp/interface';
import { STEP_MINUTES } from '@edmp/interface/dataset';

const HOUR_MS = 3_600_000;

/**
 * Start of each of `count` intervals that follow each other from `start` (ms since the epoch). `P1D` steps by local
 * calendar days of the IANA `zone`, which last 23, 24 or 25 hours; all others by their fixed length.
 *
 * @param step - ISO 8601 length of an interval.
 */
export function intervalStarts(start: number, step: IntervalStep, zone: string, count: number): number[] {
  const starts: number[] = [];
  const minutes = STEP_MINUTES[step];
  if (minutes !== null) {
    for (let i = 0; i < count; i++) starts.push(start + i * minutes * 60_000);
    return starts;
  }
  const offsetAt = zoneOffset(zone);
  const local = start + offsetAt(start);
  for (let i = 0; i < count; i++) {
    const wanted = local + i * 24 * HOUR_MS;
    // Two rounds: the offset at the guess, then at the moment which that offset gives.
    const guess = wanted - offsetAt(wanted - offsetAt(wanted));
    starts.push(guess);
  }
  return starts;
}

/**
 * Local time as `YYYY-MM-DDTHH:mm:ss±hh:mm` (RFC 3339) in an IANA zone.
 *
 * @param zone - IANA time zone: `Europe/Amsterdam`.
 */
export function localTime(zone: string): (moment: number) => string {
  const offsetAt = zoneOffset(zone);
  return (moment) => {
    const offset = offsetAt(moment);
    const minutes = Math.abs(offset) / 60_000;
    const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
    const sign = offset < 0 ? '-' : '+';
    const local = new Date(moment + offset).toISOString().slice(0, 19);
    return `${local}${sign}${two(minutes / 60)}:${two(minutes % 60)}`;
  };
}

function zoneOffset(zone: string): (moment: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (moment) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(moment)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
  };
}
