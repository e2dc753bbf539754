import { MeterError } from '../../../errors.ts';
import type { MeterContent, MeterFormat } from '../../format.ts';
import { issueList, type SourceIssue } from '../../issues.ts';
import { sheetText, tableText } from '../xlsx/sheet-text.ts';
import type { CsvMap } from './map.ts';
import { readCsv } from './read.ts';
import { csvText } from './text.ts';

/** What a portal's file shows before it is read. */
export interface PortalTable {
  /** Headings as they stand in the file, trimmed. */
  readonly headings: readonly string[];
  /** The first row below them, trimmed. */
  readonly firstRow: readonly string[];
}

/** A portal whose CSV has a map of its own. */
export interface CsvPortal extends Pick<MeterFormat, 'kind' | 'title' | 'proof' | 'declare'> {
  readonly delimiter: ',' | ';' | '\t';
  /** Headings that tell the portal, in lower case. */
  readonly headings: readonly string[];
  /** What one of the headings looks like, where those above do not tell the portal. */
  readonly also?: RegExp;
  /** Zone of its country; undefined when its files may be from several, so that the caller has to tell. */
  readonly zone: string | undefined;
  /** The map for a file with these headings. Tells in `issues` what the file leaves open. */
  map(table: PortalTable, issues: SourceIssue[]): Omit<CsvMap, 'delimiter' | 'startsAt' | 'zone'>;
}

/** Lines above the headings that are looked at. */
const MOST_LINES = 30;
const HEAD_CHARACTERS = 16_384;

/** A format of files that one portal writes. */
export function csvPortal(portal: CsvPortal): MeterFormat {
  const { kind, title, proof, declare } = portal;
  return {
    kind,
    title,
    proof,
    ...(declare === undefined ? {} : { declare }),
    looksLike: (content) =>
      content.isWorkbook
        ? sheetOf(content, portal) !== undefined
        : tableOf(content.head, portal) !== undefined,
    read(content, options) {
      const issues = issueList();
      const sheet = content.isWorkbook ? sheetOf(content, portal) : undefined;
      let text = sheet === undefined ? csvText(content.bytes, undefined, issues) : sheet.head;
      const table = tableOf(text.slice(0, HEAD_CHARACTERS).replace(/^\ufeff/, ''), portal);
      if (table === undefined) {
        throw new MeterError('ERR_METER_SCHEMA', `Expected a file of ${title} with its headings, found none`);
      }
      const map = portal.map(table, issues);
      if (sheet !== undefined) {
        const { delimiter } = portal;
        text = tableText(content.workbook(), { sheet: sheet.name, delimiter, decimal: map.decimal ?? '.' });
      }
      const zone = options.zone ?? portal.zone;
      if (zone === undefined && map.timeFormat === 'local') {
        throw new MeterError('ERR_METER_TIME', 'The file tells local times and no zone; give the zone');
      }
      const file = readCsv(text, {
        ...map,
        delimiter: portal.delimiter,
        startsAt: table.headings.filter((name) => portal.headings.includes(name.toLowerCase())),
        ...(zone === undefined ? {} : { zone }),
      });
      return { kind, readings: file.readings, issues: [...issues, ...file.issues] };
    },
  };
}

/** The sheet of a workbook that holds the portal's headings, and its first rows. Never throws. */
function sheetOf(
  content: MeterContent,
  portal: CsvPortal,
): { readonly name: string; readonly head: string } | undefined {
  try {
    const book = content.workbook();
    for (const name of book.sheets) {
      const { delimiter } = portal;
      const head = sheetText(book.sheet(name), { delimiter, decimal: '.', rows: MOST_LINES + 2 });
      if (tableOf(head, portal) !== undefined) return { name, head };
    }
  } catch {
    // What is wrong with it is told when no format takes it.
  }
  return undefined;
}

/** The headings of the portal and the row below, or undefined when they are not there. */
function tableOf(text: string, { headings, also, delimiter }: CsvPortal): PortalTable | undefined {
  if (!text.includes(delimiter)) return undefined;
  const lines = text.split(/\r\n|\n|\r/, MOST_LINES + 1);
  const cellsOf = (line: string): string[] =>
    line.split(delimiter).map((cell) => cell.trim().replace(/^="?|^"|"$/g, ''));
  for (const [i, line] of lines.entries()) {
    const cells = cellsOf(line);
    const names = new Set(cells.map((cell) => cell.toLowerCase()));
    const isAlso = also === undefined || cells.some((cell) => also.test(cell));
    if (isAlso && headings.every((heading) => names.has(heading))) {
      return { headings: cells, firstRow: cellsOf(lines[i + 1] ?? '') };
    }
  }
  return undefined;
}

/** The heading that fits a pattern. Throws `ERR_METER_SCHEMA` when none does. */
export function headingLike({ headings }: PortalTable, pattern: RegExp): string {
  const found = headings.find((name) => pattern.test(name));
  if (found === undefined) {
    throw new MeterError('ERR_METER_SCHEMA', `Expected a column like ${pattern.source}, found none`);
  }
  return found;
}

/** The decimal mark of a cell: a comma where one stands. */
export function decimalIn(cell: string | undefined): '.' | ',' {
  return cell?.includes(',') === true ? ',' : '.';
}
