import { MeterError } from '../../../errors.ts';
import { isCalendarDay } from '../../iso-time.ts';

/** Order of day and month in dates that leave it open. */
export type DateOrder = 'day-first' | 'month-first';

const DAY = 86_400_000;
const YEAR_FIRST = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})/;
const YEAR_LAST = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)/;
const PLAIN = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?$/;
const ZERO = 48;
const PACKED = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?$/;
const NAMED = /^(\d{1,2})[- ]([A-Za-z]{3})[a-z]*[- ](\d{4})(?!\d)/;
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const CLOCK = /^(\d{1,2})(?::(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?)?\s*([AaPp])?\.?(?:[Mm]\.?)?$/;

/** Ms after midnight of a time of day: `hh:mm[:ss]`, an hour alone, AM and PM, `24:00`; undefined when it is none. */
export function clockMs(text: string): number | undefined {
  if (text === '') return 0;
  const match = CLOCK.exec(text);
  if (match === null) return undefined;
  const [, hours = '', minutes = '0', seconds = '0', half] = match;
  let hour = Number(hours);
  const minute = Number(minutes);
  const second = Number(seconds);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  }
  const ms = (hour * 3600 + minute * 60 + second) * 1000;
  return minute > 59 || second > 59 || ms > DAY ? undefined : ms;
}

/**
 * Wall-clock moment of a text, as the ms that `Date.UTC` makes of it. `clock` is the text of the time of day where it
 * stands apart. Undefined when it is no calendar time.
 */
export function localMs(text: string, order: DateOrder, clock?: string): number | undefined {
  if (clock === undefined && PLAIN.test(text)) return plainMs(text);
  let year: number;
  let month: number;
  let day: number;
  let rest: string;
  const iso = YEAR_FIRST.exec(text);
  const last = iso === null ? YEAR_LAST.exec(text) : null;
  if (iso !== null) {
    [year, month, day] = [Number(iso[1]), Number(iso[2]), Number(iso[3])];
    rest = text.slice(iso[0].length);
  } else if (last !== null) {
    const [first, second] = [Number(last[1]), Number(last[3])];
    const isDayFirst = last[2] === '.' || order === 'day-first';
    [day, month] = isDayFirst ? [first, second] : [second, first];
    year = Number(last[4]) + ((last[4] ?? '').length === 2 ? 2000 : 0);
    rest = text.slice(last[0].length);
  } else {
    const packed = PACKED.exec(text);
    const named = packed === null ? NAMED.exec(text) : null;
    if (packed !== null) {
      [year, month, day] = [Number(packed[1]), Number(packed[2]), Number(packed[3])];
      rest =
        packed[4] === undefined
          ? ''
          : ` ${packed[4]}:${packed[5]}${packed[6] === undefined ? '' : `:${packed[6]}`}`;
    } else if (named !== null) {
      [year, day] = [Number(named[3]), Number(named[1])];
      month = MONTHS.indexOf((named[2] ?? '').toLowerCase()) + 1;
      rest = text.slice(named[0].length);
    } else return undefined;
  }
  if (!isCalendarDay(year, month, day)) return undefined;
  if (rest !== '' && !/^[ T]/.test(rest)) return undefined;
  const ms = clockMs(clock ?? rest.slice(1).trim());
  return ms === undefined ? undefined : Date.UTC(year, month - 1, day) + ms;
}

/** `YYYY-MM-DD hh:mm` or with seconds: how most portals write it, read without taking it apart as texts. */
function plainMs(text: string): number | undefined {
  const two = (from: number): number => 10 * text.charCodeAt(from) + text.charCodeAt(from + 1) - 11 * ZERO;
  const year = 100 * two(0) + two(2);
  const [month, day, hour, minute] = [two(5), two(8), two(11), two(14)];
  const second = text.length > 16 ? two(17) : 0;
  const ms = (hour * 3600 + minute * 60 + second) * 1000;
  if (!isCalendarDay(year, month, day) || minute > 59 || second > 59 || ms > DAY) return undefined;
  return Date.UTC(year, month - 1, day) + ms;
}

/** Date order by the custom of a zone's country, or undefined where several are in use. */
function orderOfZone(zone: string | undefined): DateOrder | undefined {
  if (zone === undefined) return undefined;
  if (/^(?:Europe|Africa|Australia)\//.test(zone)) return 'day-first';
  const isUs =
    /^(?:US\/|America\/(?:New_York|Detroit|Chicago|Denver|Boise|Phoenix|Los_Angeles|Anchorage|Juneau|Sitka|Nome|Adak|Menominee|Indiana\/|Kentucky\/|North_Dakota\/)|Pacific\/Honolulu)/;
  return isUs.test(zone) ? 'month-first' : undefined;
}

/** What is known about the order of a file's dates. */
export interface OrderFound {
  readonly order: DateOrder;
  /** Whether it is only a custom or a likelihood, so that it has to be told. */
  readonly isAssumed: boolean;
}

/** Collects dates that leave their order open, until it is known. */
export class DateOrderEvidence {
  readonly #firstToSecond: [number, number][] = [];
  #found: DateOrder | undefined;
  #example: string | undefined;

  /** Whether more dates can tell something: some were open and none has decided. */
  get isOpen(): boolean {
    return this.#example !== undefined && this.#found === undefined;
  }

  /** Takes one date of the file. */
  add(text: string): void {
    if (this.#found !== undefined) return;
    const match = YEAR_LAST.exec(text);
    if (match === null || match[2] === '.') return;
    const [first, second] = [Number(match[1]), Number(match[3])];
    if (first > 12 && second <= 12) this.#found = 'day-first';
    else if (second > 12 && first <= 12) this.#found = 'month-first';
    this.#example ??= text;
    const last = this.#firstToSecond[this.#firstToSecond.length - 1];
    if (last?.[0] !== first || last[1] !== second) {
      if (this.#firstToSecond.length < 100) this.#firstToSecond.push([first, second]);
    }
  }

  /** The order, as told by the dates or by the custom of `zone`. Throws `ERR_METER_TIME` when nothing tells it. */
  order(zone: string | undefined): OrderFound {
    if (this.#found !== undefined) return { order: this.#found, isAssumed: false };
    if (this.#example === undefined) return { order: 'day-first', isAssumed: false };
    const followed = this.#byFollowing();
    if (followed !== undefined) return { order: followed, isAssumed: true };
    const custom = orderOfZone(zone);
    if (custom !== undefined) return { order: custom, isAssumed: true };
    throw new MeterError(
      'ERR_METER_TIME',
      `${JSON.stringify(this.#example.slice(0, 40))} can be day-first or month-first; say which (dateOrder)`,
    );
  }

  /** Days that follow each other change in the number of the day, not of the month. */
  #byFollowing(): DateOrder | undefined {
    if (this.#firstToSecond.length < 3) return undefined;
    const steps = this.#firstToSecond.slice(1).map(([first, second], i) => {
      const [firstBefore, secondBefore] = this.#firstToSecond[i] ?? [0, 0];
      return [Math.abs(first - firstBefore), Math.abs(second - secondBefore)] as const;
    });
    if (steps.every(([first, second]) => first === 1 && second === 0)) return 'day-first';
    if (steps.every(([first, second]) => first === 0 && second === 1)) return 'month-first';
    return undefined;
  }
}
