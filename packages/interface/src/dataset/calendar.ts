import { boundedMap } from '../bounded/bounded-map.ts';
import type { IntervalStep } from './vocabulary.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** Most by which local days together may be longer or shorter than 24 hours each: from one end of the world's clocks, UTC−12, to the other, UTC+14. */
const MAX_SHIFT_MINUTES = 26 * 60;
/** Formats of the zones used last; making one takes some 50 µs. */
const formats = boundedMap<string, Intl.DateTimeFormat>({ max: 64 });
/** Area/Location of the IANA database, or one word such as UTC. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/;

/** Minutes of a step; null for the calendar day, whose length varies. */
export const STEP_MINUTES: Readonly<Record<IntervalStep, number | null>> = {
  PT1M: 1,
  PT5M: 5,
  PT15M: 15,
  PT30M: 30,
  PT1H: 60,
  P1D: null,
};

/**
 * Usual minutes of a step: those of {@link STEP_MINUTES}, and 24 hours for a day.
 *
 * @param step - Length of an interval, ISO 8601: `PT15M`.
 */
export function nominalStepMinutes(step: IntervalStep): number {
  return STEP_MINUTES[step] ?? DAY_MINUTES;
}

function dayFormat(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    era: 'short',
  });
  formats.set(zone, format);
  return format;
}

/** Whether the text has the form of an IANA time zone's name, at most 64 characters. Offsets such as `+01:00` have not. */
export function isTimeZoneName(zone: string): boolean {
  return zone.length <= 64 && ZONE_NAME.test(zone);
}

/**
 * Whether this runtime knows the IANA time zone.
 *
 * @param zone - A name such as `Europe/Amsterdam`; anything may be given.
 */
export function isTimeZone(zone: string): boolean {
  if (!isTimeZoneName(zone)) return false;
  try {
    dayFormat(zone);
    return true;
  } catch {
    return false;
  }
}

/**
 * Days since 1970-01-01 of a `YYYY-MM-DD` date in 1970 … 2199; undefined when it is not such a date.
 *
 * @param text - What a stranger wrote; anything may be given.
 */
export function parseDay(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const ms = Date.UTC(year, month - 1, day);
  if (year < 1970 || year > 2199) return undefined;
  return new Date(ms).toISOString().startsWith(text) ? ms / DAY_MS : undefined;
}

/** Local calendar day of an instant, days since 1970-01-01. */
function localDay(zone: string, at: number): number {
  let year = 0;
  let month = 0;
  let day = 0;
  for (const part of dayFormat(zone).formatToParts(at)) {
    if (part.type === 'year') year = Number(part.value);
    else if (part.type === 'month') month = Number(part.value);
    else if (part.type === 'day') day = Number(part.value);
  }
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/**
 * First instant of a local calendar day, ms since the epoch: midnight, or later where midnight is skipped.
 *
 * @param zone - IANA time zone: `Europe/Amsterdam`.
 * @param day - Days since 1970-01-01, as {@link parseDay} gives them.
 */
export function startOfDay(zone: string, day: number): number {
  // Zones lie between UTC−12 (−15:13 historically) and UTC+14 (+15:13).
  let before = (day * DAY_MS) / MINUTE_MS - 16 * 60;
  let after = (day * DAY_MS) / MINUTE_MS + 16 * 60;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (localDay(zone, middle * MINUTE_MS) >= day) after = middle;
    else before = middle;
  }
  return after * MINUTE_MS;
}

/**
 * Fewest and most intervals that days `from` to `to` (days since 1970-01-01) can have in whatever time zone: what can be
 * said without a table of clock changes, which differs between runtimes.
 */
export function intervalRangeAnywhere(
  step: IntervalStep,
  from: number,
  to: number,
): { readonly min: number; readonly max: number } {
  const days = to - from + 1;
  const minutes = STEP_MINUTES[step];
  if (minutes === null) return { min: days, max: days };
  return {
    // The first and the last day may be there with one interval each.
    min: Math.max(1, Math.floor(((days - 2) * DAY_MINUTES - MAX_SHIFT_MINUTES) / minutes)),
    max: Math.floor((days * DAY_MINUTES + MAX_SHIFT_MINUTES) / minutes),
  };
}

/**
 * Fewest and most whole intervals that start in local day `from` or later, end by the end of day `to`, and touch
 * both days. Days have 23, 24 or 25 hours at clock changes.
 *
 * @param zone - IANA time zone that the days are those of.
 * @param step - Length of an interval, ISO 8601: `PT15M`.
 */
export function intervalRange(
  zone: string,
  step: IntervalStep,
  from: number,
  to: number,
): { readonly min: number; readonly max: number } {
  const minutes = STEP_MINUTES[step];
  if (minutes === null) return { min: to - from + 1, max: to - from + 1 };
  const stepMs = minutes * MINUTE_MS;
  const start = startOfDay(zone, from);
  const max = Math.floor((startOfDay(zone, to + 1) - start) / stepMs);
  if (from === to) return { min: 1, max };
  const lastOfFirstDay = Math.ceil((startOfDay(zone, from + 1) - start) / stepMs) - 1;
  // An interval that begins on the day before may reach into the last day where a clock change broke the alignment.
  const firstOfLastDay = Math.floor((startOfDay(zone, to) - start) / stepMs);
  return { min: firstOfLastDay - lastOfFirstDay + 1, max };
}
