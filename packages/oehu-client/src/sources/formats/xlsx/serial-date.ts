const DAY_SECONDS = 86_400;
/** Formats of dates and times that need no entry in `styles.xml` (ECMA-376 18.8.30). */
const BUILT_IN: ReadonlyMap<number, DateParts> = new Map([
  ...[14, 15, 16, 17].map((id) => [id, 'date'] as const),
  ...[18, 19, 20, 21, 45, 46, 47].map((id) => [id, 'time'] as const),
  [22, 'both'],
]);

/** What a number format shows of a serial date. */
export type DateParts = 'date' | 'time' | 'both';

/** What a format shows of a date; undefined when it is one of numbers. */
export function datePartsOf(id: number, code: string | undefined): DateParts | undefined {
  if (code === undefined) return BUILT_IN.get(id);
  // The first section is that of positive numbers; texts, colours and conditions are no letters of the format.
  const plain = (code.split(';')[0] ?? '')
    .replace(/"[^"]*"|\\.|_./g, '')
    .replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '')
    .replace(/general/gi, '')
    .toLowerCase();
  const hasTime = /[hs]/.test(plain);
  const hasDate = /[yd]/.test(plain) || (/m/.test(plain) && !hasTime);
  if (hasDate) return hasTime ? 'both' : 'date';
  return hasTime ? 'time' : undefined;
}

/**
 * Text of a serial date: `YYYY-MM-DD`, `hh:mm:ss`, or both. Days count from 1900, where the 29 February that was not is
 * counted too, or from 1904 (ECMA-376 18.17.4). Undefined when it is no date.
 */
export function serialDateText(serial: number, parts: DateParts, is1904: boolean): string | undefined {
  // Whole seconds: a quarter of an hour is no exact fraction of a day.
  const seconds = Math.round(serial * DAY_SECONDS);
  if (!(seconds >= 0) || seconds > 2_958_466 * DAY_SECONDS) return undefined;
  const ofDay = seconds % DAY_SECONDS;
  const clock = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60, ofDay % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  if (parts === 'time' && seconds <= DAY_SECONDS) return seconds === DAY_SECONDS ? '24:00:00' : clock;
  const day = Math.floor(seconds / DAY_SECONDS);
  const first = is1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, day < 60 ? 31 : 30);
  const date = new Date(first + day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
  return parts === 'date' && ofDay === 0 ? date : `${date} ${clock}`;
}
