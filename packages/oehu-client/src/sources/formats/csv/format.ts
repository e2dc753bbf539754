import { MeterError } from '../../../errors.ts';
import type { FormatOptions, MeterContent, MeterFormat } from '../../format.ts';
import { issueList } from '../../issues.ts';
import { tableText } from '../xlsx/sheet-text.ts';
import { isOwnCsv, readOwnCsv } from './own.ts';
import { type CsvFile, readCsvColumns } from './read.ts';
import { csvText } from './text.ts';

/** CSV by a declared map, and what EDMP writes itself. */
export const csvFormat: MeterFormat = {
  kind: 'csv',
  title:
    'CSV or workbook (XLSX) of any portal by a declared map of its columns, and the CSV that EDMP writes',
  proof: 'real',
  declare: 'a map of the columns (edmp meter guess proposes one)',
  looksLike: (content, options) => options.csv !== undefined || isOwnCsv(content.head),
  read(content, options) {
    if (options.csv === undefined) return readOwnCsv(content.text);
    const { kind, issues, readings } = mapped(content, options);
    return { kind, issues, readings: readings.all() };
  },
  readPieces(content, options) {
    if (options.csv === undefined) return undefined;
    const { kind, issues, readings } = mapped(content, options);
    return { kind, issues, pieces: () => readings.pieces() };
  },
};

function mapped(content: MeterContent, { csv, zone }: FormatOptions): CsvFile {
  if (typeof csv !== 'object' || !(Array.isArray(csv.columns) || csv.matrix !== undefined)) {
    throw new MeterError('ERR_METER_SCHEMA', 'Expected a column map with time, timeFormat and columns');
  }
  const issues = issueList();
  const text = content.isWorkbook
    ? tableText(content.workbook(), csv)
    : csvText(content.bytes, csv.encoding, issues);
  const file = readCsvColumns(text, csv.zone === undefined && zone !== undefined ? { ...csv, zone } : csv);
  return { ...file, issues: [...issues, ...file.issues] };
}
