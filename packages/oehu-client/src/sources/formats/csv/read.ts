import { Quality } from '@edmp/interface';
import { issueList, nothingRead } from '../../issues.ts';
import type { MeterFile } from '../../meter-file.ts';
import { addCell } from './cell.ts';
import { type FoundColumn, foundColumns } from './columns.ts';
import { localMs } from './dates.ts';
import { columnIndex, csvLayout, foundFilter, passes } from './layout.ts';
import type { CsvMap } from './map.ts';
import { momentOf } from './moment.ts';
import { type Progress, type RowFacts, rowName } from './progress.ts';
import { qualityOf, qualityWords } from './quality-word.ts';
import { CsvReadings } from './readings.ts';
import { settleNegative, settleRepeated } from './settle.ts';
import { intervalAt, spanOf } from './span.ts';
import { eachCsvRow } from './text.ts';
import { WallClock } from './wall-clock.ts';

const DAY = 86_400_000;

/** A CSV file, read, with its readings in columns. */
export interface CsvFile extends Pick<MeterFile, 'kind' | 'issues'> {
  readonly readings: CsvReadings;
}

/**
 * Reads a CSV file by a map that the caller declares. Empty cells are missing values. Throws `ERR_METER_FORMAT` when
 * it is no CSV, `ERR_METER_SCHEMA` when a mapped column is absent or nothing can be read, `ERR_METER_TIME` when the
 * order of its dates is open.
 *
 * @param text - The decoded text of the file; anything may be given.
 */
export function readCsv(text: string, map: CsvMap): MeterFile {
  const { kind, readings, issues } = readCsvColumns(text, map);
  return { kind, readings: readings.all(), issues };
}

/** As {@link readCsv}, with the readings in columns: millions of them take a tenth of the room. */
export function readCsvColumns(text: string, map: CsvMap): CsvFile {
  const issues = issueList();
  const layout = csvLayout(text, map, issues);
  const progress: Progress = {
    map,
    layout,
    clock: new WallClock(map.zone ?? 'UTC'),
    issues,
    readings: new CsvReadings(),
    repeated: [],
    negative: new Map(),
    positive: new Set(),
    unnamed: [],
    jumped: new Set(),
  };
  const columns = foundColumns(map, layout.headings);
  const index = (column: string | number | undefined): number | undefined =>
    column === undefined ? undefined : columnIndex(column, layout.headings);
  const timeIndex = columnIndex(map.time, layout.headings);
  const clockIndex = index(map.clock);
  const endIndex = index(map.end);
  const endClockIndex = index(map.endClock);
  const qualityIndex = index(map.quality);
  const serialIndex = index(map.serial);
  const filters = (map.rows ?? []).map((filter) => foundFilter(filter, layout.headings));
  const words = qualityWords(map);
  const isSplit = columns.some((column) => column.where.length > 0);
  eachCsvRow(text, map.delimiter ?? ',', (row, line) => {
    if (line < layout.firstLine || !filters.every((filter) => passes(row, filter))) return undefined;
    const wanted = isSplit
      ? columns.filter((column) => column.where.every((filter) => passes(row, filter)))
      : columns;
    if (wanted.length === 0) {
      progress.unnamed.push(line + 1);
      return undefined;
    }
    const date = (row[timeIndex] ?? '').trim();
    const time = clockIndex === undefined ? undefined : (row[clockIndex] ?? '').trim();
    const serial = serialIndex === undefined ? '' : (row[serialIndex] ?? '').trim();
    const quality = qualityIndex === undefined ? Quality.measured : qualityOf(row[qualityIndex], words);
    if (map.matrix !== undefined) readDay(progress, wanted, row, { date, line, serial, quality });
    else {
      const end = endIndex === undefined ? undefined : (row[endIndex] ?? '').trim();
      const endTime = endClockIndex === undefined ? undefined : (row[endClockIndex] ?? '').trim();
      readRow(progress, wanted, row, { date, time, end, endTime, line, serial, quality });
    }
    return undefined;
  });
  if (progress.unnamed.length > 0) {
    const message = `${progress.unnamed.length} rows hold nothing that the map names and are left out`;
    issues.push({ code: 'skipped', at: `row ${progress.unnamed[0]}`, message });
  }
  settleRepeated(progress);
  settleNegative(progress);
  const { readings } = progress;
  if (readings.count === 0) throw nothingRead('a CSV file with readings', issues);
  return { kind: 'csv', readings, issues };
}

function readRow(
  progress: Progress,
  columns: readonly FoundColumn[],
  row: readonly string[],
  facts: RowFacts,
): void {
  const moment = momentOf(progress, facts);
  if (moment.kind === 'none') return;
  const first = progress.readings.length;
  const span = spanOf(progress, moment, facts);
  if (span === undefined) return;
  for (const column of columns) {
    const cell = (row[column.index] ?? '').trim();
    if (cell !== '') addCell(progress, column, row, cell, span, facts);
  }
  if (moment.kind === 'repeated') {
    // Rows of another meter or register tell the same times in their own right.
    const group = `${facts.serial}|${columns.map(({ number }) => number).join()}`;
    const isEdge = moment.isEdge === true;
    progress.repeated.push({
      local: moment.local - (isEdge ? 1 : 0),
      isEdge,
      group,
      first,
      count: progress.readings.length - first,
    });
  }
}

/** One row of a day matrix. */
function readDay(
  progress: Progress,
  columns: readonly FoundColumn[],
  row: readonly string[],
  facts: RowFacts,
): void {
  const { clock, layout, issues } = progress;
  const midnight = localMs(facts.date, layout.order);
  if (midnight === undefined) {
    issues.push({ code: 'bad-time', at: rowName(facts), message: 'Expected a date' });
    return;
  }
  const isChangeDay = clock.bound(midnight + DAY) - clock.bound(midnight) !== DAY;
  let ambiguous = 0;
  for (const column of columns) {
    const cell = (row[column.index] ?? '').trim();
    const local = midnight + (column.offset ?? 0);
    if (cell === '' || local >= midnight + DAY) continue;
    const at = clock.unique(local);
    if (at !== undefined) addCell(progress, column, row, cell, intervalAt(progress, at, local), facts);
    else if (clock.pair(local) !== undefined) ambiguous++;
  }
  if (isChangeDay && ambiguous > 0) {
    const message = 'One column stands for both hours of the clock change; they are left out';
    issues.push({ code: 'ambiguous-time', at: rowName(facts), message });
  }
}
