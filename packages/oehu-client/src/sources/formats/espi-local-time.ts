import { textAt, type XmlElement } from '../xml.ts';

/** When daylight saving starts or ends, as ESPI's `DstRuleType` packs it into 32 bits. */
export interface EspiDstRule {
  /** 1 … 12. */
  readonly month: number;
  /** How the day is told: that date, the weekday on or after it, or the first … fifth or last such weekday of the month. */
  readonly occurrence: 'date' | 'on-or-after' | 1 | 2 | 3 | 4 | 5 | 'last';
  readonly dayOfMonth: number;
  /** 1 = Monday … 7 = Sunday; 0 = not used. */
  readonly weekday: number;
  /** Seconds after midnight, on the wall clock in force. */
  readonly second: number;
}

/** The `LocalTimeParameters` of a Green Button file. */
export interface EspiLocalTime {
  /** Standard offset from UTC, seconds. */
  readonly offset: number;
  /** What daylight saving adds, seconds. */
  readonly dstOffset: number;
  readonly start: EspiDstRule | null;
  readonly end: EspiDstRule | null;
}

/** Unpacks a `DstRuleType` of 8 hexadecimal characters (ESPI 1.1); null when it is none or all ones (no rule). */
export function parseDstRule(text: string): EspiDstRule | null {
  if (!/^[0-9A-Fa-f]{8}$/.test(text) || /^[Ff]{8}$/.test(text)) return null;
  const bits = Number.parseInt(text, 16);
  const month = bits >>> 28;
  const operator = (bits >>> 25) & 7;
  const hour = (bits >>> 12) & 31;
  if (month < 1 || month > 12 || hour > 23) return null;
  const occurrence =
    operator === 0
      ? 'date'
      : operator === 1
        ? 'on-or-after'
        : operator === 7
          ? 'last'
          : ((operator - 1) as 1 | 2 | 3 | 4 | 5);
  return {
    month,
    occurrence,
    dayOfMonth: (bits >>> 20) & 31,
    weekday: (bits >>> 17) & 7,
    second: hour * 3600 + (bits & 0xfff),
  };
}

/** Reads `LocalTimeParameters`; undefined when it tells no offset. */
export function readLocalTime(element: XmlElement): EspiLocalTime | undefined {
  const seconds = (name: string): number | undefined => {
    const text = textAt(element, name) ?? '';
    return /^-?\d{1,6}$/.test(text) ? Number(text) : undefined;
  };
  const offset = seconds('tzOffset');
  if (offset === undefined) return undefined;
  return {
    offset,
    dstOffset: seconds('dstOffset') ?? 0,
    start: parseDstRule(textAt(element, 'dstStartRule') ?? ''),
    end: parseDstRule(textAt(element, 'dstEndRule') ?? ''),
  };
}

/** Wall-clock moment of a rule in a year, as the ms that `Date.UTC` makes of it. */
function ruleIn(rule: EspiDstRule, year: number): number {
  const first = Date.UTC(year, rule.month - 1, 1);
  const weekdayOf = (at: number): number => ((new Date(at).getUTCDay() + 6) % 7) + 1;
  const nextWeekday = (from: number): number =>
    from + ((rule.weekday - weekdayOf(from) + 7) % 7) * 86_400_000;
  const date = Date.UTC(year, rule.month - 1, Math.max(1, rule.dayOfMonth));
  let day: number;
  if (rule.occurrence === 'date' || rule.weekday === 0) day = date;
  else if (rule.occurrence === 'on-or-after') day = nextWeekday(date);
  else if (rule.occurrence === 'last') day = nextWeekday(Date.UTC(year, rule.month, 1) - 7 * 86_400_000);
  else day = nextWeekday(first) + (rule.occurrence - 1) * 7 * 86_400_000;
  return day + rule.second * 1000;
}

/** The two instants that a wall-clock time (ms as of `Date.UTC`) can stand for by a file's own rules; usually equal. */
export function localToInstants(
  wall: number,
  time: EspiLocalTime,
): { readonly earlier: number; readonly later: number } {
  const standard = wall - time.offset * 1000;
  if (time.start === null || time.end === null || time.dstOffset === 0)
    return { earlier: standard, later: standard };
  const daylight = standard - time.dstOffset * 1000;
  const isDaylight = (at: number): boolean => {
    const { start, end } = time;
    if (start === null || end === null) return false;
    const year = new Date(at + time.offset * 1000).getUTCFullYear();
    const begins = ruleIn(start, year) - time.offset * 1000;
    const ends = ruleIn(end, year) - (time.offset + time.dstOffset) * 1000;
    return begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
  };
  const fitsDaylight = isDaylight(daylight);
  const fitsStandard = !isDaylight(standard);
  if (fitsDaylight && fitsStandard) return { earlier: daylight, later: standard };
  return fitsDaylight ? { earlier: daylight, later: daylight } : { earlier: standard, later: standard };
}
