import { type EnergyUnit, type Flow, Quality, type QualityCode } from '@edmp/interface';
import { UNITS_OF_COMMODITY } from '@edmp/interface/dataset';
import { MeterError } from '../../../errors.ts';
import { isoInstant } from '../../iso-time.ts';
import { issueList, nothingRead, type SourceIssue } from '../../issues.ts';
import { MAX_INTERVAL_MS } from '../../json-objects.ts';
import type { AnyReading, MeterFile } from '../../meter-file.ts';
import { type SourceUnit, sourceUnit } from '../../units.ts';
import { localMs } from './dates.ts';
import { type CsvLayout, columnIndex, csvLayout, type FoundFilter, foundFilter, passes } from './layout.ts';
import type { CsvColumn, CsvMap } from './map.ts';
import { csvNumber } from './number.ts';
import { eachCsvRow } from './text.ts';
import { lastOfNights, type RepeatedTime, resolveRepeated, WallClock } from './wall-clock.ts';

const DAY = 86_400_000;

/** A column of the map, found in the file. */
interface FoundColumn extends Omit<CsvColumn, 'where' | 'unit'> {
  /** Place in the map. */
  readonly number: number;
  readonly index: number;
  readonly name: string;
  readonly unit: SourceUnit;
  readonly unitName: string;
  readonly unitIndex: number | undefined;
  readonly where: readonly FoundFilter[];
  /** Of a day matrix: ms after midnight that its intervals begin at; undefined when the row tells the time. */
  readonly offset?: number | undefined;
}

/** When something of a row was measured; a time of the repeated hour waits for the other rows. */
type Moment =
  | { readonly kind: 'at'; readonly at: number; readonly local: number | undefined }
  /** `isEdge`: the end of the repeated hour, which its first half may end with too. */
  | { readonly kind: 'repeated'; readonly local: number; readonly isEdge?: true }
  | { readonly kind: 'none' };

/** What reading row by row goes on with. */
interface Progress {
  readonly map: CsvMap;
  readonly layout: CsvLayout;
  readonly clock: WallClock;
  readonly issues: SourceIssue[];
  readonly readings: AnyReading[];
  /** Times of the repeated hour, and the readings that wait for each. */
  readonly repeated: (RepeatedTime & {
    readonly first: number;
    readonly count: number;
    readonly isEdge: boolean;
  })[];
  /** Readings of negative amounts in columns of exports, by column. */
  readonly negative: Map<FoundColumn, number[]>;
  /** Columns of exports that hold a positive amount. */
  readonly positive: Set<FoundColumn>;
  /** Lines of rows that no column of the map wants. */
  readonly unnamed: number[];
  /** Ends of intervals told at the moment that the clock jumped from. */
  readonly jumped: Set<number>;
}

/**
 * Reads a CSV file by a map that the caller declares. Empty cells are missing values. Throws `ERR_METER_FORMAT` when
 * it is no CSV, `ERR_METER_SCHEMA` when a mapped column is absent or nothing can be read, `ERR_METER_TIME` when the
 * order of its dates is open.
 *
 * @param text - The decoded text of the file; anything may be given.
 */
export function readCsv(text: string, map: CsvMap): MeterFile {
  const issues = issueList();
  const layout = csvLayout(text, map, issues);
  const progress: Progress = {
    map,
    layout,
    clock: new WallClock(map.zone ?? 'UTC'),
    issues,
    readings: [],
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
    const where = `row ${line + 1}`;
    const date = (row[timeIndex] ?? '').trim();
    const time = clockIndex === undefined ? undefined : (row[clockIndex] ?? '').trim();
    const serial = serialIndex === undefined ? '' : (row[serialIndex] ?? '').trim();
    const quality = qualityIndex === undefined ? Quality.measured : qualityOf(row[qualityIndex], words);
    if (map.matrix !== undefined) readDay(progress, wanted, row, { date, where, serial, quality });
    else {
      const end = endIndex === undefined ? undefined : (row[endIndex] ?? '').trim();
      const endTime = endClockIndex === undefined ? undefined : (row[endClockIndex] ?? '').trim();
      readRow(progress, wanted, row, { date, time, end, endTime, where, serial, quality });
    }
    return undefined;
  });
  if (progress.unnamed.length > 0) {
    const message = `${progress.unnamed.length} rows hold nothing that the map names and are left out`;
    issues.push({ code: 'skipped', at: `row ${progress.unnamed[0]}`, message });
  }
  settleRepeated(progress);
  const readings = settleNegative(progress);
  if (readings.length === 0) throw nothingRead('a CSV file with readings', issues);
  return { kind: 'csv', readings, issues };
}

function foundColumns(map: CsvMap, headings: readonly string[]): FoundColumn[] {
  const unitOf = ({ unit, kind }: Pick<CsvColumn, 'unit' | 'kind'>): SourceUnit => {
    const known = unitFor(unit, kind);
    if (known === undefined) {
      const wanted = kind === 'power' ? 'W or kW' : 'kWh or m3';
      throw new MeterError(
        'ERR_METER_SCHEMA',
        `Expected a unit such as ${wanted}, got ${JSON.stringify(unit)}`,
      );
    }
    const hasEnd = map.end !== undefined || map.endClock !== undefined;
    if (kind !== 'register' && !hasEnd && !(Number(map.stepSeconds) > 0)) {
      throw new MeterError('ERR_METER_SCHEMA', 'Interval and power columns need stepSeconds');
    }
    return known;
  };
  const found = (column: CsvColumn, number: number, index: number, offset?: number): FoundColumn => ({
    ...column,
    number,
    index,
    name: typeof column.column === 'number' ? (headings[index] ?? '') : column.column,
    unit: unitOf(column),
    unitName: column.unit,
    unitIndex: column.unitColumn === undefined ? undefined : columnIndex(column.unitColumn, headings),
    where: [column.where ?? []].flat().map((filter) => foundFilter(filter, headings)),
    offset,
  });
  const { matrix } = map;
  if (matrix === undefined)
    return map.columns.map((column, i) => found(column, i, columnIndex(column.column, headings)));
  const first = columnIndex(matrix.first, headings);
  const step = (map.stepSeconds ?? 0) * 1000;
  const most = Math.ceil((25 * 3_600_000) / Math.max(step, 60_000));
  return headings.slice(first, first + most).map((heading, i) => {
    const told = /(\d{1,2}):(\d\d)/.exec(heading);
    const offset = told === null ? i * step : (Number(told[1]) * 60 + Number(told[2])) * 60_000;
    return { ...found({ ...matrix.cells, column: first + i }, i, first + i, offset), name: 'day' };
  });
}

/** The unit of a column; a power counts as the energy of an hour. */
function unitFor(unit: string, kind: CsvColumn['kind']): SourceUnit | undefined {
  return sourceUnit(kind === 'power' ? `${unit.trim()}h` : unit);
}

/** What a row tells besides its amounts. */
interface RowFacts {
  readonly date: string;
  readonly time?: string | undefined;
  readonly end?: string | undefined;
  readonly endTime?: string | undefined;
  readonly where: string;
  readonly serial: string;
  readonly quality: QualityCode;
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
    issues.push({ code: 'bad-time', at: facts.where, message: 'Expected a date' });
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
    issues.push({ code: 'ambiguous-time', at: facts.where, message });
  }
}

function momentOf(progress: Progress, facts: RowFacts): Moment {
  const { map, issues } = progress;
  const fail = (message: string): Moment => {
    issues.push({
      code: 'bad-time',
      at: facts.where,
      message: `${message}, got ${JSON.stringify(facts.date.slice(0, 40))}`,
    });
    return { kind: 'none' };
  };
  switch (map.timeFormat) {
    case 'iso': {
      const at = isoInstant(facts.date);
      return at === undefined
        ? fail('Expected an ISO 8601 time with its offset')
        : { kind: 'at', at, local: undefined };
    }
    case 'epoch-s':
      return /^\d{1,11}$/.test(facts.date)
        ? { kind: 'at', at: Number(facts.date) * 1000, local: undefined }
        : fail('Expected seconds since the epoch');
    case 'epoch-ms':
      return /^\d{1,14}$/.test(facts.date)
        ? { kind: 'at', at: Number(facts.date), local: undefined }
        : fail('Expected milliseconds since the epoch');
    case 'local': {
      if (map.isOrdinal === true)
        return ordinalMoment(progress, facts) ?? fail('Expected a date and an interval of that day');
      const local = localMs(facts.date, progress.layout.order, facts.time);
      if (local === undefined)
        return fail('Expected a local time such as 2026-03-29 13:15 that the calendar has');
      return localMoment(progress, local, facts.where);
    }
  }
}

/** The start of the n-th interval of a local day; undefined when the day has none such. */
function ordinalMoment({ map, layout, clock }: Progress, { date, time = '' }: RowFacts): Moment | undefined {
  const midnight = localMs(date, layout.order, '');
  if (midnight === undefined || !/^\d{1,4}$/.test(time)) return undefined;
  const at = clock.bound(midnight) + (Number(time) - 1) * (map.stepSeconds ?? 0) * 1000;
  const isInDay = Number(time) > 0 && at < clock.bound(midnight + DAY);
  return isInDay ? { kind: 'at', at, local: undefined } : undefined;
}

function localMoment(progress: Progress, local: number, where: string): Moment {
  const { clock, layout, map, jumped, issues } = progress;
  const at = clock.unique(local);
  if (at !== undefined) {
    // The last interval of an hour that did not exist ends at the moment that the clock jumped to.
    if (layout.stamp === 'end' && jumped.has(at)) return skipped(issues, where);
    const isWithinDay = Number(map.stepSeconds) * 1000 < DAY;
    if (layout.stamp === 'end' && isWithinDay && clock.isRepeated(local - 1))
      return { kind: 'repeated', local, isEdge: true };
    return { kind: 'at', at, local };
  }
  if (clock.pair(local) !== undefined) return { kind: 'repeated', local };
  // An interval that ends when the clock jumps is stamped with the time that it jumped from.
  if (layout.stamp === 'end' && clock.unique(local - 1) !== undefined) {
    const jump = clock.bound(local);
    jumped.add(jump);
    return { kind: 'at', at: jump, local };
  }
  return skipped(issues, where);
}

function skipped(issues: SourceIssue[], where: string): Moment {
  issues.push({ code: 'skipped-time', at: where, message: 'This hour did not exist; the row is left out' });
  return { kind: 'none' };
}

function addCell(
  progress: Progress,
  column: FoundColumn,
  row: readonly string[],
  cell: string,
  span: Span,
  facts: RowFacts,
): void {
  const { map, issues } = progress;
  const at = `${facts.where}, ${column.name}`;
  const unitText = column.unitIndex === undefined ? '' : (row[column.unitIndex] ?? '').trim();
  const unit = unitText === '' ? column.unit : unitFor(unitText, column.kind);
  if (unit === undefined) {
    const message = `Expected a unit of energy or volume, got ${JSON.stringify(unitText.slice(0, 20))}`;
    issues.push({ code: 'unknown-unit', at, message });
    return;
  }
  if (!UNITS_OF_COMMODITY[column.commodity].includes(unit.unit)) {
    const message = `${column.commodity} is not counted in ${JSON.stringify((unitText || column.unitName).slice(0, 20))}`;
    issues.push({ code: 'unknown-unit', at, message });
    return;
  }
  let value = csvNumber(cell, unit.power, map);
  if (value !== undefined && column.kind === 'power') value = Math.round((value * span.duration) / 3_600_000);
  if (value === undefined) {
    const message = `Expected a number with decimal mark ${map.decimal ?? '.'}, got ${JSON.stringify(cell.slice(0, 20))}; if it groups digits, say grouping`;
    issues.push({ code: 'bad-value', at, message });
    return;
  }
  if (column.sign === 'negative') value = value === 0 ? 0 : -value;
  const isOpen = column.sign === undefined && column.flow === 'export';
  if (value > 0 && isOpen) progress.positive.add(column);
  if (value < 0 && isOpen) {
    const list = progress.negative.get(column);
    if (list === undefined) progress.negative.set(column, [progress.readings.length]);
    else list.push(progress.readings.length);
  } else if (value < 0 && column.sign !== 'both') {
    issues.push({ code: 'bad-value', at, message: 'Expected an amount that is not negative' });
    return;
  }
  const amount = Math.abs(value);
  if (column.sign !== 'both') {
    progress.readings.push(readingOf(column, column.flow, amount, unit.unit, span, facts));
    return;
  }
  const other: Flow = column.flow === 'import' ? 'export' : 'import';
  progress.readings.push(
    readingOf(column, column.flow, value > 0 ? amount : 0, unit.unit, span, facts),
    readingOf(column, other, value < 0 ? amount : 0, unit.unit, span, facts),
  );
}

function readingOf(
  column: FoundColumn,
  flow: Flow,
  value: number,
  unit: EnergyUnit,
  { at, start, duration }: Span,
  { serial, quality }: RowFacts,
): AnyReading {
  const { commodity, name } = column;
  const base = {
    commodity,
    flow,
    tariff: column.tariff ?? 'total',
    value,
    unit,
    trust: 'unsigned',
    record: `${name}@${start}`,
    ...(serial === '' ? {} : { serial }),
    register: name,
    quality,
  } as const;
  return column.kind === 'register' ? { ...base, at } : { ...base, start, duration };
}

/** The moment of a row, and the interval that its amounts belong to. */
interface Span {
  readonly at: number;
  readonly start: number;
  readonly duration: number;
}

/** The span of a row; undefined when it has an end that cannot be. What waits for its hour is put right at the end. */
function spanOf(
  progress: Progress,
  moment: Exclude<Moment, { kind: 'none' }>,
  facts: RowFacts,
): Span | undefined {
  const at = moment.kind === 'at' ? moment.at : moment.local;
  if (facts.end === undefined && facts.endTime === undefined) return intervalAt(progress, at, moment.local);
  const duration = toldDuration(progress, moment, facts);
  if (duration !== undefined && duration > 0 && duration <= MAX_INTERVAL_MS)
    return { at, start: at, duration };
  progress.issues.push({ code: 'bad-time', at: facts.where, message: 'Expected an end after the start' });
  return undefined;
}

/** Length of the interval of a row that tells its end. */
function toldDuration(
  { map, layout, clock }: Progress,
  moment: Exclude<Moment, { kind: 'none' }>,
  facts: RowFacts,
): number | undefined {
  if (moment.local === undefined) {
    const end = isoInstant(facts.end);
    return end === undefined || moment.kind !== 'at' ? undefined : end - moment.at;
  }
  let local = localMs(
    facts.end ?? facts.date,
    layout.order,
    facts.endTime ?? (facts.end === undefined ? facts.time : undefined),
  );
  if (local === undefined) return undefined;
  if (map.endInclusive === true && Math.floor(local / 60_000) % 5 === 4) local += 60_000;
  if (facts.end === undefined && local <= moment.local) local += DAY;
  if (moment.kind === 'repeated') {
    const wall = local - moment.local;
    return wall > 0 ? wall : wall + 3_600_000;
  }
  const end = clock.bound(local);
  // An end in the repeated hour is the first of the two that comes after the start.
  return end > moment.at ? end - moment.at : (clock.pair(local)?.[1] ?? end) - moment.at;
}

/** The interval that begins or ends at `at`; whole days are those of the calendar. */
function intervalAt({ map, layout, clock }: Progress, at: number, local: number | undefined): Span {
  const step = (map.stepSeconds ?? 0) * 1000;
  const isEnd = layout.stamp === 'end';
  if (local === undefined || step % DAY !== 0) return { at, start: isEnd ? at - step : at, duration: step };
  const other = clock.bound(isEnd ? local - step : local + step);
  return isEnd ? { at, start: other, duration: at - other } : { at, start: at, duration: other - at };
}

/** Gives the times of the repeated hour their half. */
function settleRepeated({ clock, layout, map, repeated, readings, issues }: Progress): void {
  if (repeated.length === 0) return;
  const halves = resolveRepeated(repeated, layout.isDescending);
  const last = lastOfNights(repeated, layout.isDescending);
  for (const [i, { local, isEdge, first, count }] of repeated.entries()) {
    // Its end is that of the first half only when more of the night follows.
    const half = isEdge && last.has(i) ? 1 : (halves[i] ?? 0);
    const at = (clock.pair(local)?.[half] ?? local) + (isEdge ? 1 : 0);
    for (let r = first; r < first + count; r++) {
      const reading = readings[r];
      if (reading === undefined) continue;
      const record = `${reading.register ?? ''}@${at}`;
      if (!('duration' in reading)) readings[r] = { ...reading, at, record };
      else {
        const start = layout.stamp === 'end' ? at - (map.stepSeconds ?? 0) * 1000 : at;
        readings[r] = { ...reading, start, record };
      }
    }
  }
  if (!halves.includes(1) && repeated.some(({ isEdge }) => !isEdge)) {
    const message = 'Of the hour that was repeated that night only one is there; it is taken as the first';
    issues.push({ code: 'ambiguous-time', at: '$', message });
  }
}

/** Takes back negative amounts of exports, unless all amounts of the column are. */
function settleNegative({ negative, positive, readings, issues }: Progress): readonly AnyReading[] {
  const dropped = new Set<number>();
  for (const [column, indexes] of negative) {
    if (!positive.has(column)) {
      const message =
        'All exports are written as negative amounts and are read without the sign; say sign to confirm';
      issues.push({ code: 'assumed', at: column.name, message });
      continue;
    }
    for (const index of indexes) dropped.add(index);
    const message = `${indexes.length} negative amounts among positive ones are left out`;
    issues.push({ code: 'bad-value', at: column.name, message });
  }
  return dropped.size === 0 ? readings : readings.filter((_, i) => !dropped.has(i));
}

function qualityWords(map: CsvMap): ReadonlyMap<string, QualityCode> {
  const entries = Object.entries(map.qualityWords ?? {}).map(
    ([word, name]) => [word.trim().toLowerCase(), Quality[name]] as const,
  );
  return new Map([...Object.entries(Quality), ...entries]);
}

/** An empty word is measured; one that nobody explained is no better than estimated. */
function qualityOf(word: string | undefined, words: ReadonlyMap<string, QualityCode>): QualityCode {
  const key = (word ?? '').trim().toLowerCase();
  return key === '' ? Quality.measured : (words.get(key) ?? Quality.estimated);
}
