import { localTime } from './interval-starts.ts';

const DAY_MS = 86_400_000;

/**
 * Local calendar day `YYYY-MM-DD` of a moment (ms since the epoch) in an IANA zone, moved by whole calendar `days`. The
 * zone of whoever asks plays no part, nor do days of 23 or 25 hours.
 *
 * @param moment - Milliseconds since the epoch.
 * @param zone - IANA time zone: `Europe/Amsterdam`.
 */
export function localDay(moment: number, zone: string, days = 0): string {
  const day = Date.parse(`${localTime(zone)(moment).slice(0, 10)}T00:00:00Z`);
  return new Date(day + days * DAY_MS).toISOString().slice(0, 10);
}
