import {
  COMMODITIES,
  type Commodity,
  type EnergyUnit,
  FLOWS,
  type Flow,
  Quality,
  type QualityCode,
} from '@edmp/interface';
import { microFromText } from '../decimal.ts';
import { MeterError } from '../errors.ts';
import { zoneOf } from '../time/zone.ts';
import { isoInstant } from './iso-time.ts';
import type { SourceIssue } from './issues.ts';
import type { AnyReading, MeterFile } from './meter-file.ts';
import { sourceUnit } from './units.ts';

/** What one column of a CSV file holds. */
export interface CsvColumn {
  /** Heading, or number counted from 0. */
  readonly column: string | number;
  readonly commodity: Commodity;
  readonly flow: Flow;
  /** Default `total`. */
  readonly tariff?: number | 'total';
  /** `kWh`, `Wh`, `m3`, `l`, `GJ` … */
  readonly unit: string;
  /** `register` = cumulative; `interval` = the amount of the interval that starts at the row's time. */
  readonly kind: 'register' | 'interval';
}

/** How to read a CSV file. */
export interface CsvMap {
  /** Default `,`. */
  readonly delimiter?: ',' | ';' | '\t';
  /** Default `.`. */
  readonly decimal?: '.' | ',';
  /** Column with the time: heading, or number counted from 0. */
  readonly time: string | number;
  /**
   * `iso` = with an offset; `epoch-s`, `epoch-ms`; `local` = `YYYY-MM-DD hh:mm[:ss]` on the wall clock of `zone`, where
   * `DD-MM-YYYY` and `24:00` are understood too.
   */
  readonly timeFormat: 'iso' | 'epoch-s' | 'epoch-ms' | 'local';
  /** IANA zone of `local` times. */
  readonly zone?: string;
  /** Length of an interval in seconds; needed for `interval` columns. */
  readonly stepSeconds?: number;
  readonly columns: readonly CsvColumn[];
  /** Column with a quality word: `measured`, `interpolated`, `estimated`, `edited`. */
  readonly quality?: string | number;
  /** Number of lines before the headings. Default 0. */
  readonly skipLines?: number;
}

const MAX_ROWS = 5_000_000;

/** Cells of RFC 4180 text, row by row; bounded. Throws `ERR_METER_FORMAT` for an open quote. */
export function csvRows(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let position = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (position < text.length) {
    let cell: string;
    if (text[position] === '"') {
      cell = '';
      for (;;) {
        const end = text.indexOf('"', position + 1);
        if (end < 0)
          throw new MeterError('ERR_METER_FORMAT', `A quoted cell in row ${rows.length} does not end`);
        cell += text.slice(position + 1, end);
        position = end + 1;
        if (text[position] !== '"') break;
        cell += '"';
      }
    } else {
      let end = position;
      while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end++;
      cell = text.slice(position, end);
      position = end;
    }
    row.push(cell);
    const mark = text[position];
    if (mark === delimiter) {
      position++;
      if (position === text.length) row.push('');
      continue;
    }
    position += mark === '\r' && text[position + 1] === '\n' ? 2 : 1;
    rows.push(row);
    row = [];
    if (rows.length > MAX_ROWS)
      throw new MeterError('ERR_METER_LIMIT', `A CSV file has at most ${MAX_ROWS} rows`);
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** The map of files that `seriesToCsv` writes. */
export const OWN_CSV_HEADER: string = 'start,seconds,commodity,flow,tariff,value,unit,quality';

/**
 * Reads a CSV file by a map that the caller declares. Empty cells are missing values. Throws `ERR_METER_FORMAT` when it
 * is no CSV, `ERR_METER_SCHEMA` when a mapped column is absent or nothing can be read.
 */
export function readCsv(text: string, map: CsvMap): MeterFile {
  const rows = csvRows(text, map.delimiter ?? ',').slice(map.skipLines ?? 0);
  const header = rows[0] ?? [];
  const issues: SourceIssue[] = [];
  const readings: AnyReading[] = [];
  const indexOf = (column: string | number): number => {
    const index = typeof column === 'number' ? column : header.findIndex((name) => name.trim() === column);
    if (index < 0 || index >= header.length) {
      throw new MeterError(
        'ERR_METER_SCHEMA',
        `Expected a column ${JSON.stringify(column)}, found ${header.length} others`,
      );
    }
    return index;
  };
  const timeIndex = indexOf(map.time);
  const qualityIndex = map.quality === undefined ? undefined : indexOf(map.quality);
  const columns = map.columns.map((column) => {
    const unit = sourceUnit(column.unit);
    if (unit === undefined) {
      throw new MeterError(
        'ERR_METER_SCHEMA',
        `Expected a unit such as kWh or m3, got ${JSON.stringify(column.unit)}`,
      );
    }
    if (column.kind === 'interval' && !(Number(map.stepSeconds) > 0)) {
      throw new MeterError('ERR_METER_SCHEMA', 'Interval columns need stepSeconds');
    }
    return { ...column, index: indexOf(column.column), unit, name: String(column.column) };
  });
  let last = Number.NEGATIVE_INFINITY;
  for (const [r, row] of rows.entries()) {
    if (r === 0 || (row.length === 1 && row[0] === '')) continue;
    const where = `row ${r + 1 + (map.skipLines ?? 0)}`;
    const at = timeOf((row[timeIndex] ?? '').trim(), map, last, where, issues);
    if (at === undefined) continue;
    last = at;
    const quality = qualityIndex === undefined ? Quality.measured : qualityOf(row[qualityIndex]);
    for (const column of columns) {
      let cell = (row[column.index] ?? '').trim();
      if (cell === '') continue;
      if (map.decimal === ',') cell = cell.replaceAll('.', '').replace(',', '.');
      let value: number;
      try {
        value = microFromText(cell, column.unit.power);
      } catch {
        value = -1;
      }
      if (value < 0) {
        issues.push({
          code: 'bad-value',
          at: `${where}, ${column.name}`,
          message: 'Expected a number that is not negative',
        });
        continue;
      }
      const { commodity, flow, name } = column;
      const unit: EnergyUnit = column.unit.unit;
      const tariff = column.tariff ?? 'total';
      const base = {
        commodity,
        flow,
        tariff,
        value,
        unit,
        trust: 'unsigned',
        record: `${name}@${at}`,
        meter: name,
        quality,
      } as const;
      readings.push(
        column.kind === 'register'
          ? { ...base, at }
          : { ...base, start: at, duration: (map.stepSeconds ?? 0) * 1000 },
      );
    }
  }
  if (readings.length === 0) {
    throw new MeterError('ERR_METER_SCHEMA', 'Expected a CSV file with readings, found none', {
      details: { issues: issues.length },
    });
  }
  return { kind: 'csv', readings, issues };
}

/** Reads a CSV file that `seriesToCsv` wrote. Throws `ERR_METER_SCHEMA` for other headings. */
export function readOwnCsv(text: string): MeterFile {
  const rows = csvRows(text, ',');
  if (rows[0]?.join(',') !== OWN_CSV_HEADER) {
    throw new MeterError('ERR_METER_SCHEMA', 'A CSV file needs a map of its columns, unless EDMP wrote it');
  }
  const issues: SourceIssue[] = [];
  const readings: AnyReading[] = [];
  for (const [r, row] of rows.entries()) {
    const [start, seconds, commodity, flow, tariff, value, unit, quality] = row;
    if (r === 0 || value === undefined || value === '') continue;
    const from = isoInstant(start);
    const known = sourceUnit(unit ?? '');
    const length = Number(seconds);
    let amount = -1;
    try {
      amount = microFromText(value, known?.power ?? 0);
    } catch {
      // reported below
    }
    const isKnown = COMMODITIES.some((one) => one === commodity) && FLOWS.some((one) => one === flow);
    if (
      from === undefined ||
      known === undefined ||
      amount < 0 ||
      !isKnown ||
      !(length > 0 && length < 1e8)
    ) {
      issues.push({
        code: 'bad-value',
        at: `row ${r + 1}`,
        message: 'Expected the columns as EDMP writes them',
      });
      continue;
    }
    readings.push({
      commodity: commodity as Commodity,
      flow: flow as Flow,
      tariff: tariff === undefined || !/^\d{1,2}$/.test(tariff) ? 'total' : Number(tariff),
      start: from,
      duration: Math.round(length * 1000),
      value: amount,
      unit: known.unit,
      trust: 'unsigned',
      record: `row ${r + 1}`,
      meter: 'csv',
      quality: qualityOf(quality),
    });
  }
  if (readings.length === 0)
    throw new MeterError('ERR_METER_SCHEMA', 'Expected a CSV file with readings, found none');
  return { kind: 'csv', readings, issues };
}

function qualityOf(word: string | undefined): QualityCode {
  const key = (word ?? '').trim().toLowerCase();
  if (key === '') return Quality.measured;
  return Object.hasOwn(Quality, key) ? Quality[key as keyof typeof Quality] : Quality.estimated;
}

const LOCAL = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?$/;
const LOCAL_DAY_FIRST = /^(\d\d)[-./](\d\d)[-./](\d{4}) (\d\d):(\d\d)(?::(\d\d))?$/;

function timeOf(
  text: string,
  map: CsvMap,
  last: number,
  where: string,
  issues: SourceIssue[],
): number | undefined {
  const fail = (message: string): undefined => {
    issues.push({ code: 'bad-time', at: where, message });
    return undefined;
  };
  switch (map.timeFormat) {
    case 'iso':
      return isoInstant(text) ?? fail('Expected an ISO 8601 time with its offset');
    case 'epoch-s':
      return /^\d{1,11}$/.test(text) ? Number(text) * 1000 : fail('Expected seconds since the epoch');
    case 'epoch-ms':
      return /^\d{1,14}$/.test(text) ? Number(text) : fail('Expected milliseconds since the epoch');
    case 'local': {
      const iso = LOCAL.exec(text);
      const dayFirst = LOCAL_DAY_FIRST.exec(text);
      const match = iso ?? dayFirst;
      if (match === null) return fail('Expected a local time such as 2026-03-29 13:15');
      const fields = match.slice(1).map((part) => Number(part ?? 0));
      const [year, month, day] = iso === null ? [fields[2], fields[1], fields[0]] : fields;
      const [hour = 0, minute = 0, second = 0] = fields.slice(3);
      const local = Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0, hour, minute, second);
      const isDate = new Date(local - hour * 3_600_000).getUTCDate() === day;
      if (!isDate || hour > 24 || minute > 59) return fail('Expected a calendar time');
      const { earlier, later, kind } = zoneOf(map.zone ?? 'UTC').fromLocal(local);
      if (kind === 'skipped') {
        issues.push({
          code: 'skipped-time',
          at: where,
          message: 'This hour did not exist; it is read as if it had',
        });
      }
      // In the repeated hour the order of rows decides which of the two it is.
      return earlier > last ? earlier : later;
    }
  }
}
