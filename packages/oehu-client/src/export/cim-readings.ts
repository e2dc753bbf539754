import { type Commodity, type EnergyUnit, Quality } from '@edmp/interface';
import { formatMicro } from '../decimal.ts';
import { qualityName } from '../series/quality.ts';
import { NO_TIME } from '../sources/meter-file.ts';
import { type ExportAbout, type ExportRow, rowMoment } from './row.ts';

/** The 18 numbers of a reading type's name are those of IEC 61968-9 annex C; only what differs is looked up. */
const COMMODITIES: Readonly<Record<Commodity, number>> = {
  electricity: 1,
  gas: 7,
  water: 9,
  heat: 12,
};
/** Kind of measurement (12 energy, 58 volume), multiplier (a power of ten) and unit (72 Wh, 42 m³, 31 J). */
const UNITS: Readonly<Record<EnergyUnit, readonly [kind: number, multiplier: number, unit: number]>> = {
  uKWh: [12, 3, 72],
  uM3: [58, 0, 42],
  uGJ: [12, 9, 31],
};
/** Codes of measuring periods by their minutes. */
const PERIODS: ReadonlyMap<number, number> = new Map([
  [1, 3],
  [5, 6],
  [10, 1],
  [15, 2],
  [30, 5],
  [60, 7],
]);
const DAILY = 11;
const BULK_QUANTITY = 1;
const DELTA_DATA = 4;
const FORWARD = 1;
const REVERSE = 19;

/** Quality codes `system.category.index`: 1 is the meter, 2 the metering system; the comment has our name for it. */
const QUALITIES: Readonly<Record<number, string>> = {
  [Quality.measured]: '1.0.0',
  [Quality.interpolated]: '2.8.0',
  [Quality.estimated]: '2.8.0',
  [Quality.edited]: '2.7.0',
  [Quality.reset]: '2.5.0',
  [Quality.missing]: '2.5.259',
};

/** Name of the reading type of a row, as IEC 61968-9 composes it. */
export function readingTypeOf(row: ExportRow): string {
  const [kind, multiplier, unit] = UNITS[row.unit];
  const minutes = 'duration' in row ? row.duration / 60_000 : 0;
  // A local day has 23, 24 or 25 hours, at the oddest half an hour less or more.
  const isDay = minutes >= 1380 && minutes <= 1500;
  const tariff = row.tariff === 'total' ? 0 : row.tariff;
  return [
    isDay ? DAILY : 0,
    0,
    isDay ? 0 : (PERIODS.get(minutes) ?? 0),
    'duration' in row ? DELTA_DATA : BULK_QUANTITY,
    row.flow === 'import' ? FORWARD : REVERSE,
    COMMODITIES[row.commodity],
    kind,
    ...[0, 0, 0, 0],
    tariff,
    ...[0, 0, 0],
    multiplier,
    unit,
    0,
  ].join('.');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids exactly these
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
const xml = (text: string): string =>
  text.replace(NOT_IN_XML, '\ufffd').replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');

function periodOf(start: number, end: number): string {
  return `<end>${iso(end)}</end><start>${iso(start)}</start>`;
}

/** What a reading says apart from its time: value and quality. */
function amountOf(row: ExportRow): string {
  const quality = row.quality ?? Quality.measured;
  const value = row.value === null ? '' : `<value>${formatMicro(row.value)}</value>`;
  const comment = quality === Quality.measured ? '' : `<comment>${qualityName(quality)}</comment>`;
  const ref = QUALITIES[quality] ?? QUALITIES[Quality.missing];
  return `${value}<ReadingQualities>${comment}<ReadingQualityType ref="${ref}"/></ReadingQualities>`;
}

/** Interval rows of one reading type; an interval is stamped with its end. */
function blockOf(type: string, rows: readonly ExportRow[]): string {
  const readings = rows.map((row) => {
    if (!('duration' in row)) return '';
    const end = row.start + row.duration;
    return `<IntervalReadings><timeStamp>${iso(end)}</timeStamp>${amountOf(row)}<timePeriod>${periodOf(row.start, end)}</timePeriod></IntervalReadings>\n`;
  });
  return `<IntervalBlocks>\n${readings.join('')}<ReadingType ref="${type}"/></IntervalBlocks>\n`;
}

function registerOf(row: ExportRow): string {
  const at = rowMoment(row);
  const stamp = at === NO_TIME ? '' : `<timeStamp>${iso(at)}</timeStamp>`;
  return `<Readings>${stamp}${amountOf(row)}<ReadingType ref="${readingTypeOf(row)}"/></Readings>\n`;
}

/** A name of a meter, or of the register of it that the rows are of. */
const nameOf = (name: string, type?: string): string =>
  `<Names><name>${xml(name)}</name>${type === undefined ? '' : `<NameType><name>${type}</name></NameType>`}</Names>`;

/** One `MeterReading`: rows of one meter and register. */
function meterReadingOf(name: string, register: string, rows: readonly ExportRow[]): string {
  const blocks = new Map<string, ExportRow[]>();
  const registers: string[] = [];
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const at = rowMoment(row);
    if (at !== NO_TIME) {
      from = Math.min(from, at);
      to = Math.max(to, 'duration' in row ? at + row.duration : at);
    }
    if (!('duration' in row)) {
      registers.push(registerOf(row));
      continue;
    }
    const type = readingTypeOf(row);
    const block = blocks.get(type);
    if (block === undefined) blocks.set(type, [row]);
    else block.push(row);
  }
  const names = nameOf(name) + (register === '' ? '' : nameOf(register, 'register'));
  const meter = `<Meter>${names}</Meter>\n`;
  const values = to < from ? '' : `<valuesInterval>${periodOf(from, to)}</valuesInterval>\n`;
  const intervals = [...blocks].map(([type, block]) => blockOf(type, block));
  return `<MeterReading>\n${intervals.join('')}${meter}${registers.join('')}${values}</MeterReading>\n`;
}

/**
 * Rows as a `MeterReadings` document of the Common Information Model (IEC 61968-9, schema
 * `http://iec.ch/TC57/2011/MeterReadings#`), in pieces: for each register of each meter interval blocks with their reading type, registers,
 * and the period they span. An interval is stamped with its end and tells its period; one without data has no value and the quality
 * 2.5.259 (known missing). Values are exact decimals in kWh, m³ or GJ; a reader that takes the schema's `float` rounds them.
 * It follows the order and the names of the public schema; no conformance is certified.
 */
export async function* rowsToCim(
  batches: AsyncIterable<readonly ExportRow[]>,
  about: ExportAbout,
): AsyncGenerator<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#">\n';
  for await (const batch of batches) {
    // A type of reading says nothing of the register: two of one meter may have the same.
    const meters = new Map<string, Map<string, ExportRow[]>>();
    for (const row of batch) {
      const name = row.serial ?? about.meter;
      const registers = meters.get(name) ?? new Map<string, ExportRow[]>();
      meters.set(name, registers);
      const register = row.register ?? '';
      const rows = registers.get(register);
      if (rows === undefined) registers.set(register, [row]);
      else rows.push(row);
    }
    for (const [name, registers] of meters) {
      for (const [register, rows] of registers) yield meterReadingOf(name, register, rows);
    }
  }
  yield '</MeterReadings>\n';
}
