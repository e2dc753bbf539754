import { toldGaps } from '@edmp/interface/dataset';
import type { CurveView } from '@edmp/node/client';
import { intervalStarts, localTime } from '@edmp/node/client';
import { formatDay } from './format.ts';

/** Share of missing values from which it is more than a remark. */
const MANY_GAPS = 0.2;
const MAX_DAYS_NAMED = 4;
const QUARTER_MS = 900_000;

/** How many values a listing of a curve says are missing: in twentieths, rounded up. */
export function gapsTold({ values }: Pick<CurveView, 'values'>): number {
  return toldGaps(values.length, values.filter((value) => value === null).length);
}

/** What is missing of a curve, who will know, and what it tells them; undefined when nothing is. */
export function gapsText(curve: CurveView): { readonly words: string; readonly isMuch: boolean } | undefined {
  const missing = curve.values.filter((value) => value === null).length;
  if (missing === 0) return undefined;
  const days = partialDays(curve);
  const named = days.slice(0, MAX_DAYS_NAMED).map(formatDay).join('; ');
  const more = days.length > MAX_DAYS_NAMED ? `; and ${days.length - MAX_DAYS_NAMED} more` : '';
  const where = days.length === 0 ? '' : ` Not whole: ${named}${more}.`;
  const count = missing === 1 ? '1 value is' : `${missing} values are`;
  return {
    isMuch: missing / curve.values.length >= MANY_GAPS,
    words:
      `${count} missing.${where} Everybody reads that up to ${gapsTold(curve)} of ${curve.values.length} are, in steps of 5\u00a0%. ` +
      'Only the buyer sees which ones: they tell when your meter or its connection was off. Other days may be complete.',
  };
}

/** Days that some values are missing of, but not all: the first and the last are often such days. */
function partialDays({ values, start, step, zone }: CurveView): readonly string[] {
  const starts = intervalStarts(start, step, zone, values.length);
  const days = new Map<string, { some: boolean; none: boolean }>();
  const textOf = localTime(zone);
  let quarter = Number.NaN;
  let day = '';
  for (const [i, value] of values.entries()) {
    const at = starts[i] ?? start;
    // Days begin at full quarters of an hour in every zone; a month of minutes is not formatted minute by minute.
    if (Math.floor(at / QUARTER_MS) !== quarter) day = textOf(at).slice(0, 10);
    quarter = Math.floor(at / QUARTER_MS);
    const known = days.get(day) ?? { some: false, none: false };
    days.set(day, { some: known.some || value !== null, none: known.none || value === null });
  }
  return [...days].flatMap(([day, { some, none }]) => (some && none ? [day] : []));
}
