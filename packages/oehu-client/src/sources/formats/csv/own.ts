import { COMMODITIES, type Commodity, FLOWS, type Flow, Quality, type QualityCode } from '@edmp/interface';
import { UNITS_OF_COMMODITY } from '@edmp/interface/dataset';
import { microFromText } from '../../../decimal.ts';
import { MeterError } from '../../../errors.ts';
import { isoInstant } from '../../iso-time.ts';
import { issueList, nothingRead } from '../../issues.ts';
import type { AnyReading, MeterFile } from '../../meter-file.ts';
import { sourceUnit } from '../../units.ts';
import { OWN_CSV_HEADER, RECORDED_CSV_HEADER } from './own-header.ts';
import { eachCsvRow } from './text.ts';

/** Whether a text begins with the headings of a file that EDMP wrote. */
export function isOwnCsv(head: string): boolean {
  return head.startsWith(OWN_CSV_HEADER) || head.startsWith(RECORDED_CSV_HEADER);
}

/**
 * Reads a CSV file that `seriesToCsv` or `readingsToCsv` wrote, the second with registers, serials and all. What such a
 * file says of trust proves nothing, so its readings are unsigned. Throws `ERR_METER_SCHEMA` for other headings.
 *
 * @param text - The decoded text of the file; anything may be given.
 */
export function readOwnCsv(text: string): MeterFile {
  const issues = issueList();
  const readings: AnyReading[] = [];
  let names: readonly string[] | undefined;
  let isRecorded = false;
  let claims = 0;
  eachCsvRow(text, ',', (row, line) => {
    if (names === undefined) {
      names = row;
      const header = row.join(',');
      isRecorded = header === RECORDED_CSV_HEADER;
      return header === OWN_CSV_HEADER || isRecorded ? undefined : false;
    }
    const cells = Object.fromEntries(names.map((name, i) => [name, row[i] ?? '']));
    // The amount of a missing interval is empty.
    if (cells.value === '') return undefined;
    const where = `row ${line + 1}`;
    const reading = isRecorded ? recordedOf(cells) : intervalOf(cells, cells.start, 'csv', where);
    if (reading === undefined)
      issues.push({ code: 'bad-value', at: where, message: 'Expected the columns as EDMP writes them' });
    else readings.push(reading);
    if (cells.trust !== undefined && cells.trust !== 'unsigned') claims++;
    return undefined;
  });
  if (names === undefined || ![OWN_CSV_HEADER, RECORDED_CSV_HEADER].includes(names.join(',')))
    throw new MeterError('ERR_METER_SCHEMA', 'A CSV file needs a map of its columns, unless EDMP wrote it');
  if (claims > 0) {
    const message = `${claims} rows say that they were signed; without the signatures they are read as unsigned`;
    issues.push({ code: 'unverified', at: '$', message });
  }
  if (readings.length === 0) throw nothingRead('a CSV file with readings', issues);
  return { kind: 'csv', readings, issues };
}

type Cells = Readonly<Record<string, string>>;

/** A register, or an interval where the row tells a length. */
function recordedOf(cells: Cells): AnyReading | undefined {
  const register = textOf(cells.register ?? '');
  const serial = textOf(cells.serial ?? '');
  const named = serial === '' ? {} : { serial };
  if (cells.seconds !== '') {
    const interval = intervalOf(cells, cells.at, register, undefined);
    return interval === undefined
      ? undefined
      : { ...interval, ...named, record: `${serial || register}@${isoInstant(cells.at)}` };
  }
  const at = isoInstant(cells.at);
  const amount = amountOf(cells);
  if (at === undefined || amount === undefined) return undefined;
  const quality = qualityOf(cells.quality);
  return {
    ...amount,
    ...named,
    at,
    record: `${serial || register}@${at}`,
    ...(register === '' ? {} : { register }),
    ...(quality === Quality.measured ? {} : { quality }),
  };
}

function intervalOf(
  cells: Cells,
  time: string | undefined,
  register: string,
  record: string | undefined,
): Extract<AnyReading, { readonly duration: number }> | undefined {
  const start = isoInstant(time);
  const length = /^\d{1,8}(?:\.\d{1,3})?$/.test(cells.seconds ?? '') ? Number(cells.seconds) : 0;
  const amount = amountOf(cells);
  if (start === undefined || amount === undefined || length <= 0) return undefined;
  const duration = Math.round(length * 1000);
  const quality = qualityOf(cells.quality);
  return { ...amount, start, duration, record: record ?? '', register, quality };
}

/** What is metered, and how much; undefined when that makes no sense. */
function amountOf({
  commodity,
  flow,
  tariff = '',
  value = '',
  unit = '',
}: Cells): Pick<AnyReading, 'commodity' | 'flow' | 'tariff' | 'value' | 'unit' | 'trust'> | undefined {
  const known = sourceUnit(unit);
  const isKnown = COMMODITIES.some((one) => one === commodity) && FLOWS.some((one) => one === flow);
  if (known === undefined || !isKnown || !(tariff === 'total' || /^\d{1,2}$/.test(tariff))) return undefined;
  if (!UNITS_OF_COMMODITY[commodity as Commodity].includes(known.unit) || !/^\d/.test(value))
    return undefined;
  try {
    return {
      commodity: commodity as Commodity,
      flow: flow as Flow,
      tariff: tariff === 'total' ? tariff : Number(tariff),
      value: microFromText(value, known.power),
      unit: known.unit,
      trust: 'unsigned',
    };
  } catch {
    return undefined;
  }
}

/** A text without the apostrophe that keeps a spreadsheet from calculating it. */
function textOf(cell: string): string {
  return /^'['=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

function qualityOf(word: string | undefined): QualityCode {
  const key = (word ?? '').trim().toLowerCase();
  if (key === '') return Quality.measured;
  return Object.hasOwn(Quality, key) ? Quality[key as keyof typeof Quality] : Quality.estimated;
}
