import { MeterError } from '../../../errors.ts';
import type { CsvMap } from '../csv/map.ts';
import type { Sheet, SheetCell, Workbook } from './workbook.ts';

/** How a sheet is written as CSV. */
export interface SheetTextOptions {
  readonly delimiter: ',' | ';' | '\t' | '|';
  readonly decimal: '.' | ',';
  /** Most rows. */
  readonly rows?: number;
}

/** A sheet as CSV text, so that every map of columns reads it: numbers with the decimal mark, texts as they are. */
export function sheetText(sheet: Sheet, { delimiter, decimal, rows }: SheetTextOptions): string {
  const written = rows === undefined ? sheet.rows : sheet.rows.slice(0, rows);
  return written
    .map((row) => row.map((cell) => quoted(cellText(cell, decimal), delimiter)).join(delimiter))
    .join('\n');
}

/**
 * The sheet that a map of columns is for, as CSV text. Throws `ERR_METER_SCHEMA` when there is none, and what reading
 * the sheet throws.
 */
export function tableText(
  book: Workbook,
  { sheet, delimiter = ',', decimal = '.' }: Pick<CsvMap, 'sheet' | 'delimiter' | 'decimal'>,
): string {
  const name = sheet ?? tableSheet(book);
  if (name === undefined)
    throw new MeterError('ERR_METER_SCHEMA', 'Expected a workbook with a sheet, found none');
  return sheetText(book.sheet(name), { delimiter, decimal });
}

/** The first sheet with a table: more than one row of more than one cell; else the first. */
export function tableSheet(book: Workbook): string | undefined {
  return (
    book.sheets.find((name) => book.sheet(name).rows.filter((row) => row.length > 1).length > 1) ??
    book.sheets[0]
  );
}

/** A number as Excel shows it: 15 digits, so that 0.1 + 0.2 is 0.3. */
function cellText(cell: SheetCell, decimal: '.' | ','): string {
  if (typeof cell === 'string') return cell;
  const short = String(Number(cell.toPrecision(15)));
  const plain = /e/.test(short) ? cell.toFixed(12).replace(/\.?0+$/, '') : short;
  return decimal === '.' ? plain : plain.replace('.', decimal);
}

function quoted(text: string, delimiter: string): string {
  return text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
