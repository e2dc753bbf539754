import { locale } from '../words/index.ts';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** How far a moment is from the node's clock, both ms since the epoch, in the largest unit: `3 hours ago`, `in 2 days`. */
export function distance(at: number, now: number): string {
  const words = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  const [unit, length] = UNITS.find(([, ms]) => Math.abs(at - now) >= ms) ?? UNITS[3];
  return words.format(Math.trunc((at - now) / length), unit);
}

/** `Friday 27 November` of `2026-11-27`, in the reader's language. */
export function longDay(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(locale(), {
    timeZone: 'UTC',
    weekday: 'long',
    day: 'numeric',
    month: 'long',
  });
}

/** `27 Nov` of `2026-11-27`, in the reader's language. */
export function shortDay(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(locale(), {
    timeZone: 'UTC',
    day: 'numeric',
    month: 'short',
  });
}

/** A number with `decimals` places, as the reader writes it. */
export function number(value: number, decimals: number): string {
  return value.toLocaleString(locale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** The day `days` after a day, `YYYY-MM-DD`. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The earlier of two days, `YYYY-MM-DD`. */
export function earlier(one: string, other: string): string {
  return [one, other].sort()[0] ?? one;
}
