import { displayable } from '@edmp/interface/format';
import { MeterError } from '../../../errors.ts';
import { sheetText, tableSheet } from '../xlsx/sheet-text.ts';
import { isWorkbook, openWorkbook } from '../xlsx/workbook.ts';
import { clockMs, DateOrderEvidence, localMs } from './dates.ts';
import { amountColumns, decimalOf } from './guess-amounts.ts';
import type { CsvMap } from './map.ts';
import { csvText, eachCsvRow } from './text.ts';

/** A proposed map, and what only a person can confirm. */
export interface CsvGuess {
  readonly map: CsvMap;
  /** What was assumed, each one sentence. */
  readonly questions: readonly string[];
  /** Headings of the columns; empty texts where there are none. */
  readonly headings: readonly string[];
  /** What a map calls each column: its heading, or its number where it has none, shares it, or it cannot be shown as it is. */
  readonly columns: readonly (string | number)[];
  /** The first rows below them, as they stand in the file. */
  readonly rows: readonly (readonly string[])[];
}

/** Rows that are looked at. */
const MOST_ROWS = 400;
/** Longest heading that names its column, characters. */
const MAX_NAME = 60;
/** Rows that are shown to whoever confirms. */
const SHOWN_ROWS = 5;
const DELIMITERS = [';', ',', '\t', '|'] as const;

/**
 * Proposes how to read a CSV file or the first table of a workbook: delimiter, heading, the columns of date, time and amounts, units, decimal mark,
 * step. Nothing is read by it until somebody has looked at it. Throws `ERR_METER_FORMAT` when no table of times and
 * numbers can be made out.
 *
 * @param bytes - The file as it is; anything may be given.
 * @param options - `zone` is the IANA time zone to propose for times that tell none.
 */
export function guessCsvMap(bytes: Uint8Array, options: { readonly zone: string }): CsvGuess {
  const book = isWorkbook(bytes) ? openWorkbook(bytes) : undefined;
  const sheet = book === undefined ? undefined : tableSheet(book);
  const text =
    book === undefined || sheet === undefined
      ? csvText(bytes, undefined, [])
      : sheetText(book.sheet(sheet), { delimiter: ';', decimal: '.', rows: MOST_ROWS });
  const { delimiter, rows, lines } = tableOf(text);
  const headingRow = rows.findIndex(
    (row, i) => i + 1 < rows.length && isTextRow(row) && !isTextRow(rows[i + 1] ?? []),
  );
  const first = rows.findIndex((row) => !isTextRow(row));
  if (first < 0) throw nothingFound();
  const hasHeading = headingRow >= 0 && headingRow < first;
  const headings = hasHeading ? (rows[headingRow] ?? []).map((name) => name.trim()) : [];
  const body = rows.slice(first);
  const columnOf = (index: number): string | number => {
    const name = headings[index];
    const isName = name !== undefined && name !== '' && headings.indexOf(name) === index;
    // What is shown in another way than it stands in the file would not be found there.
    return isName && displayable(name, MAX_NAME) === name ? name : index;
  };
  const time = timeColumns(body);
  if (time === undefined) throw nothingFound();
  const questions: string[] = [];
  const decimal = decimalOf(body, time.used, questions);
  const times = timesOf(body, time);
  const isNewestFirst = (times[0] ?? 0) > (times[times.length - 1] ?? 0);
  const table = { rows: body, headings, used: time.used, decimal, isNewestFirst, columnOf };
  const columns = amountColumns(table, questions);
  if (columns.length === 0) throw nothingFound();
  const step = stepOf(times);
  if (time.isOneOfSeveral)
    questions.push(`Is column ${JSON.stringify(columnOf(time.date))} the time? There are others`);
  if (step === undefined)
    questions.push('The length of the intervals could not be found out; set stepSeconds');
  const map: CsvMap = {
    ...(sheet === undefined ? {} : { sheet }),
    delimiter,
    decimal,
    heading: hasHeading,
    ...(hasHeading && headingRow > 0 ? { skipLines: lines[headingRow] ?? 0 } : {}),
    time: columnOf(time.date),
    ...(time.clock === undefined ? {} : { clock: columnOf(time.clock) }),
    timeFormat: time.format,
    ...(time.format === 'local'
      ? { zone: options.zone, ...orderOf(body, time, options.zone, questions) }
      : {}),
    ...(step === undefined ? {} : { stepSeconds: step }),
    columns,
  };
  if (time.format === 'local') questions.push(`Are its times of the zone ${options.zone}?`);
  questions.push('Are its times the start of the intervals? If not, set stamp to end');
  const width = Math.max(headings.length, ...body.slice(0, SHOWN_ROWS).map((row) => row.length));
  return {
    map,
    questions,
    headings: Array.from({ length: width }, (_, i) => headings[i] ?? ''),
    columns: Array.from({ length: width }, (_, i) => columnOf(i)),
    rows: body.slice(0, SHOWN_ROWS),
  };
}

function nothingFound(): MeterError {
  return new MeterError(
    'ERR_METER_FORMAT',
    'Expected CSV with a column of times and one of numbers, found none',
  );
}

/** The delimiter that gives most rows the same number of cells, with the rows and the lines they begin at. */
function tableOf(text: string): {
  delimiter: (typeof DELIMITERS)[number];
  rows: string[][];
  lines: number[];
} {
  let best: { delimiter: (typeof DELIMITERS)[number]; rows: string[][]; lines: number[] } | undefined;
  let bestScore = 0;
  for (const delimiter of DELIMITERS) {
    const rows: string[][] = [];
    const lines: number[] = [];
    eachCsvRow(text, delimiter, (row, line) => {
      rows.push([...row]);
      lines.push(line);
      return rows.length < MOST_ROWS;
    });
    const counts = new Map<number, number>();
    for (const row of rows) if (row.length > 1) counts.set(row.length, (counts.get(row.length) ?? 0) + 1);
    const score = Math.max(0, ...counts.values());
    if (score > bestScore) {
      best = { delimiter, rows, lines };
      bestScore = score;
    }
  }
  if (best === undefined) throw nothingFound();
  return best;
}

const isDate = (cell: string): boolean =>
  localMs(cell, 'day-first') !== undefined || localMs(cell, 'month-first') !== undefined;
const isIso = (cell: string): boolean =>
  /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(cell);

/** Whether a row holds no time: a heading, or what stands above it. */
function isTextRow(row: readonly string[]): boolean {
  return !row.some(
    (cell) => isDate(cell.trim()) || isIso(cell.trim()) || /^\d{10}(?:\d{3})?$/.test(cell.trim()),
  );
}

/** Where the time stands. */
interface TimeColumns {
  readonly date: number;
  readonly clock: number | undefined;
  readonly format: CsvMap['timeFormat'];
  readonly isOneOfSeveral: boolean;
  /** Columns of dates and times, which hold no amounts. */
  readonly used: ReadonlySet<number>;
}

function timeColumns(rows: readonly (readonly string[])[]): TimeColumns | undefined {
  const width = Math.max(0, ...rows.map((row) => row.length));
  const share = (index: number, test: (cell: string) => boolean): number =>
    rows.filter((row) => test((row[index] ?? '').trim())).length / rows.length;
  const indexes = Array.from({ length: width }, (_, i) => i);
  const used = new Set(
    indexes.filter((i) => share(i, isIso) > 0.8 || share(i, isDate) > 0.8 || share(i, isClock) > 0.8),
  );
  /** Of several columns the one that changes most: a date of printing stands in every row. */
  const firstOf = (
    test: (cell: string) => boolean,
  ): Pick<TimeColumns, 'date' | 'isOneOfSeveral'> | undefined => {
    const found = indexes.filter((i) => share(i, test) > 0.8);
    const distinct = (index: number): number => new Set(rows.map((row) => row[index])).size;
    const [date] = found.map((index) => [index, distinct(index)] as const).sort((a, b) => b[1] - a[1]);
    return date === undefined ? undefined : { date: date[0], isOneOfSeveral: found.length > 1 };
  };
  const iso = firstOf(isIso);
  if (iso !== undefined) return { ...iso, clock: undefined, format: 'iso', used };
  const local = firstOf(isDate);
  if (local !== undefined) {
    const { date } = local;
    const hasClock = share(date, (cell) => /\d:\d\d/.test(cell)) > 0.8;
    const clock = hasClock ? undefined : indexes.find((i) => i > date && share(i, isClock) > 0.8);
    return { ...local, clock, format: 'local', used };
  }
  const epoch = firstOf((cell) => /^\d{10}(?:\d{3})?$/.test(cell));
  if (epoch === undefined) return undefined;
  const isMs = share(epoch.date, (cell) => cell.length === 13) > 0.8;
  return {
    ...epoch,
    clock: undefined,
    format: isMs ? 'epoch-ms' : 'epoch-s',
    used: new Set([...used, epoch.date]),
  };
}

const isClock = (cell: string): boolean => /\d:\d\d/.test(cell) && clockMs(cell) !== undefined;

function orderOf(
  rows: readonly (readonly string[])[],
  time: TimeColumns,
  zone: string,
  questions: string[],
): Pick<CsvMap, 'dateOrder'> {
  const evidence = new DateOrderEvidence();
  for (const row of rows) evidence.add((row[time.date] ?? '').trim());
  try {
    const { order, isAssumed } = evidence.order(zone);
    if (isAssumed) questions.push(`Are its dates ${order}?`);
    return { dateOrder: order };
  } catch {
    questions.push('Its dates leave the order of day and month open; set dateOrder');
    return {};
  }
}

/** Times of the rows as far as they can be read, ms. */
function timesOf(rows: readonly (readonly string[])[], time: TimeColumns): readonly number[] {
  return rows.flatMap((row) => {
    const date = (row[time.date] ?? '').trim();
    const clock = time.clock === undefined ? undefined : (row[time.clock] ?? '').trim();
    if (time.format === 'local')
      return localMs(date, 'day-first', clock) ?? localMs(date, 'month-first', clock) ?? [];
    if (time.format === 'iso') return Number.isNaN(Date.parse(date)) ? [] : Date.parse(date);
    return Number(date) * (time.format === 'epoch-s' ? 1000 : 1);
  });
}

/** The most usual distance of times, seconds. */
function stepOf(times: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const [i, at] of times.entries()) {
    const distance = i === 0 ? 0 : Math.abs(at - (times[i - 1] ?? at)) / 1000;
    if (distance > 0) counts.set(distance, (counts.get(distance) ?? 0) + 1);
  }
  const [usual] = [...counts].sort((a, b) => b[1] - a[1]);
  return usual?.[0];
}
