import { COMMODITIES, type Commodity, FLOWS, type Flow, Quality, type QualityCode } from '@edmp/interface';
import { microFromText } from '../../../decimal.ts';
import { MeterError } from '../../../errors.ts';
import { isoInstant } from '../../iso-time.ts';
import { nothingRead, type SourceIssue } from '../../issues.ts';
import type { AnyReading, MeterFile } from '../../meter-file.ts';
import { sourceUnit } from '../../units.ts';
import { OWN_CSV_HEADER } from './own-header.ts';
import { csvRows } from './text.ts';

/**
 * Reads a CSV file that `seriesToCsv` wrote. Throws `ERR_METER_SCHEMA` for other headings.
 *
 * @param text - The decoded text of the file; anything may be given.
 */
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
      register: 'csv',
      quality: qualityOf(quality),
    });
  }
  if (readings.length === 0) throw nothingRead('a CSV file with readings', issues);
  return { kind: 'csv', readings, issues };
}

function qualityOf(word: string | undefined): QualityCode {
  const key = (word ?? '').trim().toLowerCase();
  if (key === '') return Quality.measured;
  return Object.hasOwn(Quality, key) ? Quality[key as keyof typeof Quality] : Quality.estimated;
}
