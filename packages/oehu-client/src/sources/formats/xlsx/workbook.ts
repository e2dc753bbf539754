import { MeterError } from '../../../errors.ts';
import { child, descendants, parseXml, textAt, type XmlElement } from '../../xml.ts';
import { type DateParts, datePartsOf, serialDateText } from './serial-date.ts';
import { isZip, ZipFiles } from './zip.ts';

/** A cell: what is written in it, or a number. */
export type SheetCell = string | number;

/** A sheet of a workbook. */
export interface Sheet {
  readonly name: string;
  /** Rows from the first; cells that are empty are empty texts. */
  readonly rows: readonly (readonly SheetCell[])[];
}

/** A workbook whose sheets are read when they are asked for. */
export interface Workbook {
  /** Names of its visible sheets, in their order. */
  readonly sheets: readonly string[];
  /** Throws `ERR_METER_FORMAT` when the sheet is damaged or holds a formula, `ERR_METER_LIMIT` when it is too large. */
  sheet(name: string): Sheet;
}

const MAX_ROWS = 1_000_000;
const MAX_COLUMNS = 200;
/** Elements of all its parts: a cell has two, and five years of quarter hours 1.4 million in four columns. */
const MAX_ELEMENTS = 3_000_000;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/** Whether bytes may be a workbook. */
export function isWorkbook(bytes: Uint8Array): boolean {
  return isZip(bytes);
}

/**
 * Opens a workbook of Excel and others (XLSX, ECMA-376). Throws `ERR_METER_FORMAT` when it is none and `ERR_METER_LIMIT`
 * when it unfolds to too much.
 *
 * @param bytes - The file as it is; anything may be given.
 */
export function openWorkbook(bytes: Uint8Array): Workbook {
  const files = new ZipFiles(bytes);
  const budget = { elements: MAX_ELEMENTS };
  const xml = (name: string): XmlElement | undefined => {
    const text = files.text(name);
    return text === undefined ? undefined : parseXml(text, { budget });
  };
  const book = xml('xl/workbook.xml');
  if (book === undefined)
    throw new MeterError('ERR_METER_FORMAT', 'Expected a workbook (XLSX), found another archive');
  const is1904 = /^(?:1|true)$/.test(child(book, 'workbookPr')?.attributes.date1904 ?? '');
  const targets = new Map(
    (xml('xl/_rels/workbook.xml.rels')?.children ?? []).map(
      ({ attributes }) => [attributes.Id ?? '', attributes.Target ?? ''] as const,
    ),
  );
  const places = new Map<string, string>();
  for (const { attributes } of child(book, 'sheets')?.children ?? []) {
    const target = targets.get(attributes.id ?? '') ?? '';
    const path = target.startsWith('/') ? target.slice(1) : `xl/${target}`;
    if (attributes.state === undefined || attributes.state === 'visible')
      places.set(attributes.name ?? '', path);
  }
  let parts:
    | { readonly texts: readonly string[]; readonly dates: readonly (DateParts | undefined)[] }
    | undefined;
  const open = (name: string): Sheet => {
    const place = places.get(name);
    const root = place === undefined ? undefined : xml(place);
    if (root === undefined) {
      throw new MeterError(
        'ERR_METER_SCHEMA',
        `The workbook has no sheet ${JSON.stringify(name.slice(0, 40))}`,
      );
    }
    parts ??= { texts: sharedTexts(xml('xl/sharedStrings.xml')), dates: dateFormats(xml('xl/styles.xml')) };
    return { name, rows: rowsOf(root, { ...parts, is1904 }) };
  };
  /** What each sheet holds, or what is wrong with it: who asks again has no more of it unfolded. */
  const read = new Map<string, { readonly sheet: Sheet } | { readonly error: unknown }>();
  return {
    sheets: [...places.keys()],
    sheet(name) {
      let found = read.get(name);
      if (found === undefined) {
        try {
          found = { sheet: open(name) };
        } catch (error) {
          found = { error };
        }
        if (places.has(name)) read.set(name, found);
      }
      if ('error' in found) throw found.error;
      return found.sheet;
    },
  };
}

/** Text of an item: its own, or that of its runs; phonetic readings are left out. */
function richText(element: XmlElement): string {
  return element.children
    .map((one) => (one.name === 't' ? one.text : one.name === 'r' ? (textAt(one, 't') ?? '') : ''))
    .join('');
}

function sharedTexts(root: XmlElement | undefined): string[] {
  return (root?.children ?? []).filter(({ name }) => name === 'si').map(richText);
}

/** What each cell style shows of a serial date. */
function dateFormats(root: XmlElement | undefined): (DateParts | undefined)[] {
  const codes = new Map(
    (child(root, 'numFmts')?.children ?? []).map(
      ({ attributes }) => [Number(attributes.numFmtId), attributes.formatCode ?? ''] as const,
    ),
  );
  return (child(root, 'cellXfs')?.children ?? []).map(({ attributes }) => {
    const id = Number(attributes.numFmtId ?? 0);
    return datePartsOf(id, codes.get(id));
  });
}

interface SheetParts {
  readonly texts: readonly string[];
  readonly dates: readonly (DateParts | undefined)[];
  readonly is1904: boolean;
}

function rowsOf(root: XmlElement, parts: SheetParts): SheetCell[][] {
  const rows: SheetCell[][] = [];
  for (const row of child(root, 'sheetData')?.children ?? []) {
    const number = row.attributes.r === undefined ? rows.length + 1 : Number(row.attributes.r);
    if (!Number.isInteger(number) || number <= rows.length || number > MAX_ROWS) {
      throw new MeterError('ERR_METER_LIMIT', `A sheet has at most ${MAX_ROWS} rows, in their order`);
    }
    while (rows.length < number - 1) rows.push([]);
    const cells: SheetCell[] = [];
    for (const cell of row.children) {
      if (cell.name !== 'c') continue;
      const column = columnOf(cell.attributes.r) ?? cells.length;
      if (column >= MAX_COLUMNS) continue;
      if (column < cells.length) throw damagedCell(cell, 'stands after one that follows it, or twice');
      while (cells.length <= column) cells.push('');
      cells[column] = cellOf(cell, parts);
    }
    rows.push(cells);
  }
  return rows;
}

/** Number of a column, from 0, by a reference such as `AB12`. */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^([A-Z]{1,3})\d/.exec(reference ?? '')?.[1];
  if (letters === undefined) return undefined;
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function cellOf(cell: XmlElement, { texts, dates, is1904 }: SheetParts): SheetCell {
  if (child(cell, 'f') !== undefined)
    throw damagedCell(
      cell,
      'holds a formula, whose value nobody measured; save the sheet as values or as CSV',
    );
  const { t: type = 'n', s: style } = cell.attributes;
  if (type === 'inlineStr') return descendants(cell, 'is').map(richText).join('');
  const text = textAt(cell, 'v') ?? '';
  if (text === '') return '';
  if (type === 's') {
    const shared = texts[Number(text)];
    if (shared === undefined) throw damagedCell(cell, 'names a text that the workbook does not have');
    return shared;
  }
  // Yes and no are no numbers, and an error such as #N/A is no empty cell.
  if (type === 'b') return text === '1' ? 'TRUE' : 'FALSE';
  if (type !== 'n' || !NUMBER.test(text)) return text;
  const value = Number(text);
  const parts = style === undefined ? undefined : dates[Number(style)];
  return parts === undefined ? value : (serialDateText(value, parts, is1904) ?? '');
}

function damagedCell({ attributes }: XmlElement, what: string): MeterError {
  return new MeterError('ERR_METER_FORMAT', `Cell ${(attributes.r ?? '').slice(0, 12)} ${what}`);
}
