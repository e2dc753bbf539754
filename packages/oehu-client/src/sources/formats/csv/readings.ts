import type { EnergyUnit, Flow, QualityCode } from '@edmp/interface';
import type { AnyReading } from '../../meter-file.ts';
import type { FoundColumn } from './columns.ts';
import type { RowFacts } from './progress.ts';
import type { Span } from './span.ts';

/** What many readings of a file have in common. */
interface Shape {
  readonly column: FoundColumn;
  readonly flow: Flow;
  readonly unit: EnergyUnit;
  readonly serial: string;
  readonly quality: QualityCode;
  /** The record is named by the time of the reading and this, ms. */
  readonly recordLag: number;
}

/** The places of some readings. */
interface Page {
  /** Moment of a register or start of an interval, ms since the epoch. */
  readonly time: Float64Array;
  /** Length of the intervals, ms, one for all as long as they have the same; of no meaning for registers. */
  duration: number | Float64Array;
  readonly value: Float64Array;
  /** Number of the shape. */
  readonly shape: Uint32Array;
}

/** Readings of one page, and those that are made objects of at once. */
const PAGE = 2_048;

/** Readings of a CSV file in columns: 20 to 28 bytes each, and what they have in common once. */
export class CsvReadings {
  readonly #pages: Page[] = [];
  readonly #shapes: Shape[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #dropped = new Set<number>();
  #length = 0;
  #last = 0;

  /** How many places are taken, those that were dropped included. */
  get length(): number {
    return this.#length;
  }

  /** How many readings there are. */
  get count(): number {
    return this.#length - this.#dropped.size;
  }

  /** Adds one reading. */
  add(
    column: FoundColumn,
    flow: Flow,
    value: number,
    unit: EnergyUnit,
    { at, start, duration }: Span,
    { serial, quality }: RowFacts,
  ): void {
    const time = column.kind === 'register' ? at : start;
    const recordLag = start - time;
    const last = this.#shapes[this.#last];
    const isLast =
      last?.column === column &&
      last.flow === flow &&
      last.unit === unit &&
      last.serial === serial &&
      last.quality === quality &&
      last.recordLag === recordLag;
    if (!isLast) this.#last = this.#numberOf({ column, flow, unit, serial, quality, recordLag });
    const place = this.#length % PAGE;
    if (place === 0) this.#pages.push(emptyPage(duration));
    const page = this.#pages[this.#pages.length - 1];
    if (page === undefined) return;
    page.time[place] = time;
    if (typeof page.duration === 'number' && page.duration !== duration)
      page.duration = new Float64Array(PAGE).fill(page.duration);
    if (typeof page.duration !== 'number') page.duration[place] = duration;
    page.value[place] = value;
    page.shape[place] = this.#last;
    this.#length++;
  }

  /** Puts readings that waited for their hour at `at`; intervals that are stamped at their end begin `step` ms before. */
  settle(first: number, count: number, at: number, step: number): void {
    for (let i = first; i < first + count; i++) {
      const page = this.#pages[Math.floor(i / PAGE)];
      const place = i % PAGE;
      const shape = this.#shapes[page?.shape[place] ?? 0];
      if (page === undefined || shape === undefined) continue;
      const recordLag = shape.column.kind === 'register' ? 0 : step;
      page.time[place] = at - recordLag;
      page.shape[place] = this.#numberOf({ ...shape, recordLag });
    }
  }

  /** Leaves a reading out. */
  drop(index: number): void {
    this.#dropped.add(index);
  }

  /** All readings, in the order of the file. */
  all(): AnyReading[] {
    const all: AnyReading[] = [];
    for (let page = 0; page < this.#pages.length; page++) this.#into(all, page);
    return all;
  }

  /** The readings in pieces of some thousand, which are made when they are asked for. */
  *pieces(): Generator<readonly AnyReading[]> {
    for (let page = 0; page < this.#pages.length; page++) {
      const piece: AnyReading[] = [];
      this.#into(piece, page);
      yield piece;
    }
  }

  #into(readings: AnyReading[], number: number): void {
    const page = this.#pages[number];
    if (page === undefined) return;
    const count = Math.min(PAGE, this.#length - number * PAGE);
    for (let place = 0; place < count; place++) {
      const shape = this.#shapes[page.shape[place] ?? 0];
      if (shape === undefined || (this.#dropped.size > 0 && this.#dropped.has(number * PAGE + place)))
        continue;
      const duration = typeof page.duration === 'number' ? page.duration : (page.duration[place] ?? 0);
      readings.push(readingOf(shape, page.time[place] ?? 0, duration, page.value[place] ?? 0));
    }
  }

  #numberOf(shape: Shape): number {
    const { column, flow, unit, serial, quality, recordLag } = shape;
    const key = `${column.number}|${column.index}|${flow}|${unit}|${quality}|${recordLag}|${serial}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#shapes.push(shape) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

function emptyPage(duration: number): Page {
  return {
    time: new Float64Array(PAGE),
    duration,
    value: new Float64Array(PAGE),
    shape: new Uint32Array(PAGE),
  };
}

function readingOf(shape: Shape, time: number, duration: number, value: number): AnyReading {
  const { column, flow, unit, serial, quality, recordLag } = shape;
  const { commodity, name: register, tariff = 'total' } = column;
  const record = `${register}@${time + recordLag}`;
  const trust = 'unsigned';
  if (column.kind === 'register') {
    const reading = {
      commodity,
      flow,
      tariff,
      value,
      unit,
      trust,
      record,
      register,
      quality,
      at: time,
    } as const;
    return serial === '' ? reading : { ...reading, serial };
  }
  const interval = {
    commodity,
    flow,
    tariff,
    value,
    unit,
    trust,
    record,
    register,
    quality,
    start: time,
    duration,
  } as const;
  return serial === '' ? interval : { ...interval, serial };
}
