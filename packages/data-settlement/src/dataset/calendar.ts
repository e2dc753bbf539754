import type { IntervalStep } from '@edmp/interface';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();
const MAX_FORMATS = 64;

/** Minutes of a step; null for the calendar day, whose length varies. */
export const STEP_MINUTES: Readonly<Record<IntervalStep, number | null>> = {
  PT1M: 1,
  PT5M: 5,
  PT15M: 15,
  PT30M: 30,
  PT1H: 60,
  P1D: null,
};

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
  if (formats.size >= MAX_FORMATS) formats.clear();
  formats.set(zone, format);
  return format;
}

/** Whether this runtime knows the IANA time zone. Offsets such as `+01:00` are not zones. */
export function isTimeZone(zone: string): boolean {
  if (zone.length > 64 || !/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/.test(zone)) return false;
  try {
    dayFormat(zone);
    return true;
  } catch {
    return false;
  }
}

/** Days since 1970-01-01 of a `YYYY-MM-DD` date in 1970 … 2199; undefined when it is not such a date. */
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

/** First instant of a local calendar day, ms since the epoch: midnight, or later where midnight is skipped. */
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
 * Fewest and most whole intervals that start in local day `from` or later, end by the end of day `to`, and touch
 * both days. Days have 23, 24 or 25 hours at clock changes.
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
