import { MeterError } from '../../../errors.ts';
import type { SourceIssue } from '../../issues.ts';
import { type DateOrder, DateOrderEvidence, localMs } from './dates.ts';
import type { CsvColumnName, CsvMap, CsvRowFilter } from './map.ts';
import { csvNumber } from './number.ts';
import { eachCsvRow } from './text.ts';

const DAY = 86_400_000;

/** A row filter whose column was found. */
export interface FoundFilter {
  readonly index: number;
  /** In lower case. */
  readonly texts: ReadonlySet<string>;
}

/** What the first look through a CSV file finds out. */
export interface CsvLayout {
  readonly headings: readonly string[];
  /** Line of the first row of readings, counted from 0. */
  readonly firstLine: number;
  readonly order: DateOrder;
  readonly stamp: 'start' | 'end';
  /** Whether the newest rows come first. */
  readonly isDescending: boolean;
}

/** Number of a column. Throws `ERR_METER_SCHEMA` and names the headings when it is not there. */
export function columnIndex(column: CsvColumnName, headings: readonly string[]): number {
  const index = typeof column === 'number' ? column : headings.findIndex((name) => name.trim() === column);
  if (!Number.isInteger(index) || index < 0 || index >= headings.length) {
    const found = headings.slice(0, 12).map((name) => JSON.stringify(name.trim().slice(0, 40)));
    throw new MeterError(
      'ERR_METER_SCHEMA',
      `Expected a column ${JSON.stringify(column)}, found ${headings.length} others: ${found.join(', ')}`,
    );
  }
  return index;
}

/** The filter with its column found. Throws as {@link columnIndex}. */
export function foundFilter(filter: CsvRowFilter, headings: readonly string[]): FoundFilter {
  const texts = typeof filter.is === 'string' ? [filter.is] : filter.is;
  return {
    index: columnIndex(filter.column, headings),
    texts: new Set(texts.map((text) => text.trim().toLowerCase())),
  };
}

/** Whether a row passes a filter. */
export function passes(row: readonly string[], { index, texts }: FoundFilter): boolean {
  return texts.has((row[index] ?? '').trim().toLowerCase());
}

/**
 * Looks through the whole file once: where its table begins, in which order its dates are written and its rows stand,
 * and whether its times are starts or ends. Tells in `issues` what it had to assume. Throws `ERR_METER_SCHEMA` for
 * absent columns, `ERR_METER_TIME` when nothing tells the order of the dates.
 */
export function csvLayout(text: string, map: CsvMap, issues: SourceIssue[]): CsvLayout {
  let headings: readonly string[] | undefined;
  let firstLine = 0;
  let timeIndex = 0;
  let clockIndex: number | undefined;
  let filters: readonly FoundFilter[] = [];
  const evidence = new DateOrderEvidence();
  let first: TimeCells | undefined;
  let last: TimeCells | undefined;
  eachCsvRow(text, map.delimiter ?? ',', (row, line) => {
    if (headings === undefined) {
      if (line < (map.skipLines ?? 0) || !startsTable(row, map)) return undefined;
      const isHeading = map.heading ?? !isRowOfReadings(row, map);
      headings = isHeading ? row.map((name) => name.trim()) : row.map((_, i) => `column ${i}`);
      firstLine = line + (isHeading ? 1 : 0);
      timeIndex = columnIndex(map.time, headings);
      clockIndex = map.clock === undefined ? undefined : columnIndex(map.clock, headings);
      filters = (map.rows ?? []).map((filter) => foundFilter(filter, headings ?? []));
      if (isHeading) return undefined;
    }
    if (!filters.every((filter) => passes(row, filter))) return undefined;
    const date = (row[timeIndex] ?? '').trim();
    if (date === '') return undefined;
    last = { date, clock: clockIndex === undefined ? undefined : (row[clockIndex] ?? '').trim() };
    first ??= last;
    if (map.timeFormat === 'local' && map.dateOrder === undefined) evidence.add(date);
    // Without filters the last line tells the rest.
    return filters.length > 0 || evidence.isOpen;
  });
  if (filters.length === 0) last = lastTime(text, map, timeIndex, clockIndex) ?? last;
  if (headings === undefined) {
    throw new MeterError('ERR_METER_SCHEMA', 'Expected a CSV file with a line of headings, found none');
  }
  const order = orderOf(map, evidence, issues);
  const stamp = stampOf(map, order, first, last, headings[timeIndex] ?? '', issues);
  const isDescending =
    map.timeFormat === 'local' &&
    (localOf(first, order) ?? 0) > (localOf(last, order) ?? Number.POSITIVE_INFINITY);
  return { headings, firstLine, order, stamp, isDescending };
}

/** The time cells of the last line of a file; undefined when that is no row of the table. */
function lastTime(
  text: string,
  map: CsvMap,
  timeIndex: number,
  clockIndex: number | undefined,
): TimeCells | undefined {
  const end = text.trimEnd().length;
  const start = Math.max(text.lastIndexOf('\n', end - 1), text.lastIndexOf('\r', end - 1)) + 1;
  const line = text.slice(start, end);
  let cells: TimeCells | undefined;
  if (line.includes('"')) return undefined;
  eachCsvRow(line, map.delimiter ?? ',', (row) => {
    const date = (row[timeIndex] ?? '').trim();
    const clock = clockIndex === undefined ? undefined : (row[clockIndex] ?? '').trim();
    if (date !== '') cells = { date, clock };
    return false;
  });
  return cells;
}

/** The texts that tell the time of a row. */
interface TimeCells {
  readonly date: string;
  readonly clock: string | undefined;
}

function localOf(cells: TimeCells | undefined, order: DateOrder): number | undefined {
  return cells === undefined ? undefined : localMs(cells.date, order, cells.clock);
}

function startsTable(row: readonly string[], { startsAt }: CsvMap): boolean {
  if (startsAt === undefined) return true;
  const names = new Set(row.map((name) => name.trim()));
  return startsAt.every((name) => names.has(name));
}

/** Whether a file without headings begins with this row: all columns are numbers and its cells hold a time and a value. */
function isRowOfReadings(row: readonly string[], map: CsvMap): boolean {
  const columns = map.matrix === undefined ? map.columns.map(({ column }) => column) : [map.matrix.first];
  if (![map.time, ...columns].every((column) => typeof column === 'number')) return false;
  const time = (row[Number(map.time)] ?? '').trim();
  const hasTime =
    map.timeFormat === 'local'
      ? localMs(time, 'day-first') !== undefined || localMs(time, 'month-first') !== undefined
      : /^\d{4}-\d\d-\d\d|^\d{9,14}$/.test(time);
  const hasValue = columns.some(
    (column) => csvNumber((row[Number(column)] ?? '').trim(), 0, map) !== undefined,
  );
  return hasTime && hasValue;
}

function orderOf(map: CsvMap, evidence: DateOrderEvidence, issues: SourceIssue[]): DateOrder {
  if (map.dateOrder !== undefined) return map.dateOrder;
  const { order, isAssumed } = evidence.order(map.zone);
  if (isAssumed) {
    issues.push({
      code: 'assumed',
      at: '$',
      message: `Dates are read ${order}; say dateOrder if they are not`,
    });
  }
  return order;
}

const END_WORDS = /\b(?:end|ende|ended|ending)\b|^(?:bis|tot|hasta|fin|to)\b/i;

/** Start or end: as declared, else as the first and last time of the file's days and its heading show. */
function stampOf(
  map: CsvMap,
  order: DateOrder,
  first: TimeCells | undefined,
  last: TimeCells | undefined,
  heading: string,
  issues: SourceIssue[],
): 'start' | 'end' {
  const step = (map.stepSeconds ?? 0) * 1000;
  const hasEnd = map.end !== undefined || map.endClock !== undefined;
  const hasIntervals = !hasEnd && map.columns.some(({ kind }) => kind !== 'register');
  if (map.isOrdinal === true) return 'start';
  if (map.timeFormat !== 'local' || !hasIntervals || !(step > 0 && step < DAY)) return map.stamp ?? 'start';
  const bounds = [localOf(first, order), localOf(last, order)].filter((one) => one !== undefined);
  const [from, to] = [Math.min(...bounds) % DAY, Math.max(...bounds) % DAY];
  const isEnd = bounds.length === 2 && from === step && to === 0;
  const isStart = bounds.length === 2 && from === 0 && to === DAY - step;
  const shown = isEnd ? 'end' : isStart ? 'start' : undefined;
  if (map.stamp !== undefined) {
    if (shown !== undefined && shown !== map.stamp) {
      const message = `Whole days are there if the times are the ${shown} of their intervals, not the ${map.stamp} as declared`;
      issues.push({ code: 'clock', at: '$', message });
    }
    return map.stamp;
  }
  if (isEnd || (!isStart && END_WORDS.test(heading))) {
    const message =
      'Times are read as the end of their intervals, as the file shows; say stamp if they are not';
    issues.push({ code: 'assumed', at: '$', message });
    return 'end';
  }
  return 'start';
}
