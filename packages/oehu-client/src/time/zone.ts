import { boundedMap } from '@edmp/interface/bounded';
import { MeterError } from '../errors.ts';

const DAY = 86_400_000;
const MAX_ZONES = 128;
const MAX_DAYS = 20_000;

/** Instants that a local wall-clock time stands for. */
export interface LocalTime {
  /** The first (or only) instant; for a skipped time, the instant as if the clock had not yet jumped. */
  readonly earlier: number;
  /** The second instant of a repeated time; equal to `earlier` otherwise. */
  readonly later: number;
  readonly kind: 'unique' | 'repeated' | 'skipped';
}

/** Calendar of one IANA time zone, computed from `Intl`'s own time zone data. */
export interface Zone {
  readonly name: string;
  /** Offset from UTC at an instant, ms, positive east of Greenwich. */
  offsetAt(at: number): number;
  /** Instants of a wall-clock time, given as the ms that `Date.UTC` makes of its fields. */
  fromLocal(local: number): LocalTime;
  /** First instant of the local day that `at` lies in. */
  startOfDay(at: number): number;
  /** First instant of the following local day (23, 24 or 25 hours later on most zones). */
  nextDay(at: number): number;
  /** Local date `YYYY-MM-DD` of an instant. */
  dateOf(at: number): string;
  /** First instant of a local date `YYYY-MM-DD`. Throws `ERR_METER_TIME` when it is no date. */
  midnight(date: string): number;
}

interface Span {
  readonly before: number;
  readonly after: number;
  /** First instant with `after`. */
  readonly change: number;
}

function intlOffset(name: string): (at: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    throw new MeterError('ERR_METER_TIME', `Expected an IANA time zone, got ${JSON.stringify(name)}`, {
      cause,
    });
  }
  return (at) => {
    const whole = Math.floor(at / 1000) * 1000;
    const field: Record<string, number> = {};
    for (const part of format.formatToParts(whole)) field[part.type] = Number(part.value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  };
}

function makeZone(name: string): Zone {
  const exact = intlOffset(name);
  const days = boundedMap<number, Span>({ max: MAX_DAYS });

  const spanOf = (day: number): Span => {
    const known = days.get(day);
    if (known !== undefined) return known;
    let low = day * DAY;
    let high = low + DAY;
    const before = exact(low);
    const after = exact(high);
    if (before === after) high = low;
    else {
      while (high - low > 1000) {
        const middle = low + Math.floor((high - low) / 2000) * 1000;
        if (exact(middle) === before) low = middle;
        else high = middle;
      }
    }
    const span = { before, after, change: high };
    days.set(day, span);
    return span;
  };

  const zone: Zone = {
    name,
    offsetAt(at) {
      if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) {
        throw new MeterError('ERR_METER_TIME', `Expected ms since the epoch, got ${at}`);
      }
      const span = spanOf(Math.floor(at / DAY));
      return at < span.change ? span.before : span.after;
    },
    fromLocal(local) {
      const before = zone.offsetAt(local - DAY);
      const after = zone.offsetAt(local + DAY);
      const first = local - before;
      const second = local - after;
      const fits = [first, second].filter((at) => zone.offsetAt(at) === local - at);
      const [one, two] = fits;
      if (one === undefined || two === undefined) {
        return one === undefined
          ? { earlier: first, later: first, kind: 'skipped' }
          : { earlier: one, later: one, kind: 'unique' };
      }
      if (one === two) return { earlier: one, later: one, kind: 'unique' };
      return { earlier: Math.min(one, two), later: Math.max(one, two), kind: 'repeated' };
    },
    startOfDay: (at) => zone.fromLocal(Math.floor((at + zone.offsetAt(at)) / DAY) * DAY).earlier,
    nextDay: (at) => zone.startOfDay(zone.startOfDay(at) + 1.5 * DAY),
    dateOf: (at) => new Date(at + zone.offsetAt(at)).toISOString().slice(0, 10),
    midnight(date) {
      const local = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
      if (Number.isNaN(local)) {
        throw new MeterError('ERR_METER_TIME', `Expected a date YYYY-MM-DD, got ${JSON.stringify(date)}`);
      }
      return zone.fromLocal(local).earlier;
    },
  };
  return zone;
}

const zones = boundedMap<string, Zone>({ max: MAX_ZONES });

/**
 * The calendar of an IANA time zone. Throws `ERR_METER_TIME` for an unknown name.
 *
 * @param name - IANA time zone: `Europe/Amsterdam`.
 *
 * @example
 * ```ts
 * import { zoneOf } from '@edmp/oehu-client';
 *
 * console.log(zoneOf('Europe/Amsterdam') === zoneOf('Europe/Amsterdam')); // true
 * ```
 */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = makeZone(name);
    zones.set(name, zone);
  }
  return zone;
}
