import papaparse from 'papaparse';
import { MeterError } from '../../../errors.ts';
import type { SourceIssue } from '../../issues.ts';
import type { CsvEncoding } from './map.ts';

const MAX_ROWS = 5_000_000;

/**
 * Text of a CSV file: the declared encoding, else the one that its byte order mark, its zero bytes or its being no UTF-8
 * tell.
 */
export function csvText(bytes: Uint8Array, encoding: CsvEncoding | undefined, issues: SourceIssue[]): string {
  const decode = (label: CsvEncoding): string => new TextDecoder(label).decode(bytes);
  if (encoding !== undefined) return decode(encoding);
  const guess = encodingOf(bytes);
  if (guess !== undefined) return decode(guess);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    issues.push({
      code: 'assumed',
      at: '$',
      message: 'The text is no UTF-8 and was read as Latin-1 (windows-1252)',
    });
    return decode('windows-1252');
  }
}

/** UTF-16 by its mark, or by the zero bytes that ASCII characters have in it. */
export function encodingOf(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const head = bytes.subarray(0, 64);
  const zeros = [0, 0];
  for (const [i, byte] of head.entries()) if (byte === 0) zeros[i & 1] = (zeros[i & 1] ?? 0) + 1;
  const half = head.length / 2;
  if (half >= 8 && (zeros[1] ?? 0) > 0.9 * half && zeros[0] === 0) return 'utf-16le';
  if (half >= 8 && (zeros[0] ?? 0) > 0.9 * half && zeros[1] === 0) return 'utf-16be';
  return undefined;
}

/** What a reader of rows does with one; `false` stops. */
export type TakeRow = (cells: readonly string[], line: number) => boolean | undefined;

/**
 * Gives the rows of RFC 4180 text one after the other, counted from 0; empty lines are counted and left out. Throws
 * `ERR_METER_FORMAT` for a quoted cell that does not end and `ERR_METER_LIMIT` above five million rows.
 */
export function eachCsvRow(text: string, delimiter: string, take: TakeRow): void {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (plain.includes('"')) eachQuotedRow(plain, delimiter, take);
  else eachPlainRow(plain, delimiter, take);
}

/** Characters whose rows are taken apart at once; and those that show how lines end, as papaparse looks at. */
const PIECE = 8_192;
const LINE_END_SAMPLE = 1 << 20;

/** Rows of a text without quotes, where each end of a line ends a row: in pieces, as all rows at once take much room. */
function eachPlainRow(text: string, delimiter: string, take: TakeRow): void {
  const sample = text.slice(0, LINE_END_SAMPLE);
  const newline = papaparse.parse(sample, { delimiter, preview: 1 }).meta.linebreak as '\r' | '\n' | '\r\n';
  let line = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(newline, from + PIECE);
    const to = end < 0 ? text.length : end;
    for (const row of papaparse.parse<string[]>(text.slice(from, to), { delimiter, newline }).data) {
      if (line >= MAX_ROWS) throw tooManyRows();
      if ((row.length > 1 || row[0] !== '') && take(row, line) === false) return;
      line++;
    }
    from = to + newline.length;
  }
}

const tooManyRows = (): MeterError =>
  new MeterError('ERR_METER_LIMIT', `A CSV file has at most ${MAX_ROWS} rows`);

function eachQuotedRow(text: string, delimiter: string, take: TakeRow): void {
  let line = 0;
  let failure: MeterError | undefined;
  papaparse.parse<string[]>(text, {
    delimiter,
    step({ data, errors }, parser) {
      const row = line++;
      const isOpen = errors.some(({ code }) => code === 'MissingQuotes');
      if (isOpen)
        failure = new MeterError('ERR_METER_FORMAT', `A quoted cell in row ${row + 1} does not end`);
      else if (row >= MAX_ROWS) failure = tooManyRows();
      if (failure !== undefined || ((data.length > 1 || data[0] !== '') && take(data, row) === false)) {
        parser.abort();
      }
    },
  });
  if (failure !== undefined) throw failure;
}

/**
 * Cells of RFC 4180 text, row by row; empty lines have no cells. Throws as `eachCsvRow`.
 *
 * @param text - The decoded text of the file.
 * @param delimiter - What stands between two cells: `;`.
 */
export function csvRows(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  eachCsvRow(text, delimiter, (cells, line) => {
    while (rows.length < line) rows.push([]);
    rows.push([...cells]);
    return undefined;
  });
  return rows;
}
