import type { Commodity } from '@edmp/interface';
import { sourceUnit } from '../../units.ts';
import type { CsvColumn } from './map.ts';
import { csvNumber } from './number.ts';

/** A table whose columns of time are known. */
export interface AmountTable {
  /** Rows below the headings. */
  readonly rows: readonly (readonly string[])[];
  /** Trimmed; none where the file has none. */
  readonly headings: readonly string[];
  /** Columns that hold no amounts. */
  readonly used: ReadonlySet<number>;
  readonly decimal: '.' | ',';
  /** Whether its times run backwards. */
  readonly isNewestFirst: boolean;
  /** What a map calls a column. */
  readonly columnOf: (index: number) => string | number;
}

const isNumber = (cell: string): boolean => /^[+-]?[\d.,' ]*\d$/.test(cell);
/** What is looked at of a heading, characters. */
const MAX_HEADING = 200;
/** A number whose only mark may group its digits as well: 12.345. */
const MAY_GROUP = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/;

/** The decimal mark: the last mark of the numbers. Asks where each of them may as well group digits. */
export function decimalOf(
  rows: AmountTable['rows'],
  used: AmountTable['used'],
  questions: string[],
): '.' | ',' {
  const marks = { '.': 0, ',': 0 };
  let isOpen = true;
  let example: string | undefined;
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      const text = cell.trim();
      if (used.has(i) || !isNumber(text)) continue;
      const mark = /([.,])\d*$/.exec(text)?.[1];
      if (mark !== '.' && mark !== ',') continue;
      marks[mark]++;
      example ??= text;
      if (!MAY_GROUP.test(text)) isOpen = false;
    }
  }
  const decimal = marks[','] > marks['.'] ? ',' : '.';
  if (isOpen && example !== undefined) {
    const other = decimal === '.' ? ',' : '.';
    questions.push(
      `Is the mark in ${JSON.stringify(example)} a decimal mark? If it groups digits, set decimal to ${JSON.stringify(other)} and grouping to ${JSON.stringify(decimal)}`,
    );
  }
  return decimal;
}

const COMMODITY_WORDS: readonly (readonly [RegExp, Commodity])[] = [
  [/gas\b|gaz\b|erdgas/i, 'gas'],
  [/water|wasser|\beau\b|acqua|agua/i, 'water'],
  [/heat|w(?:ä|ae)rme|warmte|chaleur/i, 'heat'],
];
const EXPORT_WORDS =
  /export|einspeis|inje[ck]t|injectie|teruglever|generation|produ[ck]|vertida|surplus|returned|lieferung|uitvoer/i;
const REGISTER_WORDS = /z(?:ä|ae)hlerstand|meterstand|stand\b|register|index|counter|lecture/i;
/** What stands in columns of numbers that are no amounts, where no unit of one is named. */
const OTHER_WORDS =
  /cost|price|kosten|prijs|preis|euro|€|\$|£|\bid\b|\bean\b|nummer|number|temp|humid|feucht|°|%|kvar|\bkva\b|volt|spannung|spanning|amp[eè]re|emission|co2|cos\b|factor|faktor|^tari[ef]+$|^status$|^qualit/i;
/** Money and mass, which are told for each unit. */
const RATED =
  /(?:€|£|\$|\beur(?:o|os)?|\bct|\bcents?|\bpence|\bp|\bgbp|\busd|\bchf|\bdkk|\bsek|\bnok|\bkr|\børe|\böre|\bpln|\bzł|\bk?g(?:\s?co2\w*)?)\s*$/i;
const A_UNIT = '(?:kwh|mwh|wh|m3|m³|gj|mj)(?![a-z])';
const PER_UNIT = new RegExp(String.raw`^(.*?)(?:/|\b(?:per|pro|par|por|je)\b)\s*([\d.,]*)\s*${A_UNIT}`, 'i');

/** The columns of amounts, and what only a person can say about them. */
export function amountColumns(table: AmountTable, questions: string[]): CsvColumn[] {
  const { rows, headings, used } = table;
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns: CsvColumn[] = [];
  for (let index = 0; index < width; index++) {
    const column = used.has(index) ? undefined : amountColumn(table, index, questions);
    if (column !== undefined) columns.push(column);
  }
  askAboutSame(columns, headings, questions);
  return columns;
}

function amountColumn(table: AmountTable, index: number, questions: string[]): CsvColumn | undefined {
  const { rows, headings, decimal } = table;
  const cells = rows.map((row) => (row[index] ?? '').trim()).filter((cell) => cell !== '');
  const numbers = cells.map((cell) => csvNumber(cell, 0, { decimal })).filter((value) => value !== undefined);
  if (numbers.length === 0 || numbers.length < 0.8 * cells.length) return undefined;
  const heading = (headings[index] ?? '').slice(0, MAX_HEADING);
  const unit = unitIn(heading);
  if (isRate(heading) || (unit === undefined && OTHER_WORDS.test(heading))) return undefined;
  const watts = unit === undefined ? /\b([kM]?W)\b/.exec(heading)?.[1] : undefined;
  const text = watts ?? unit ?? 'kWh';
  const inOrder = table.isNewestFirst ? numbers.toReversed() : numbers;
  const isRising =
    inOrder.length > 2 && inOrder.every((value, i) => i === 0 || value >= (inOrder[i - 1] ?? 0));
  const isCalledRegister = REGISTER_WORDS.test(heading);
  const kind = watts !== undefined ? 'power' : isCalledRegister && isRising ? 'register' : 'interval';
  const shown = shownName(heading, index);
  if (unit === undefined && watts === undefined)
    questions.push(`Is column ${shown} in kWh? It names no unit`);
  if (isRising && kind === 'interval') questions.push(`Column ${shown} never falls: is it a register?`);
  if (isCalledRegister && !isRising && kind === 'interval')
    questions.push(`Column ${shown} is called like a register and falls: what is it?`);
  const isVolume = sourceUnit(text)?.unit === 'uM3';
  const commodity: Commodity =
    COMMODITY_WORDS.find(([words]) => words.test(heading))?.[1] ?? (isVolume ? 'gas' : 'electricity');
  const flow = EXPORT_WORDS.test(heading) ? 'export' : 'import';
  questions.push(
    `Is column ${shown} ${commodity}, ${flow === 'import' ? 'drawn from' : 'fed into'} the grid?`,
  );
  const column = { column: table.columnOf(index), commodity, flow, unit: text, kind } as const;
  const isNet =
    kind !== 'register' && numbers.some((value) => value < 0) && numbers.some((value) => value > 0);
  if (!isNet) return column;
  questions.push(`Do the negative amounts of column ${shown} flow the other way?`);
  return { ...column, sign: 'both' };
}

/** Of columns that tell one thing only one counts. */
function askAboutSame(columns: readonly CsvColumn[], headings: readonly string[], questions: string[]): void {
  const same = new Map<string, string[]>();
  for (const { column, commodity, flow } of columns) {
    const shown =
      typeof column === 'number' ? shownName(headings[column] ?? '', column) : shownName(column, 0);
    const what = `${commodity}, ${flow === 'import' ? 'drawn from' : 'fed into'} the grid`;
    const names = same.get(what);
    if (names === undefined) same.set(what, [shown]);
    else names.push(shown);
  }
  for (const [what, names] of same)
    if (names.length > 1)
      questions.push(
        `Columns ${names.slice(0, 4).join(', ')} all tell ${what}: one of them would count. Leave the others out, or give each a tariff and they add up`,
      );
}

const shownName = (heading: string, index: number): string =>
  JSON.stringify(heading === '' ? index : heading.slice(0, 40));

/** Whether a heading tells an amount of something for each unit: EUR/kWh, but not Verbrauch/kWh. */
function isRate(heading: string): boolean {
  const [, before = '', scale = ''] = PER_UNIT.exec(heading) ?? [];
  if (before === '') return false;
  return scale !== '' || !heading.includes('/') || RATED.test(before) || OTHER_WORDS.test(before);
}

/** A unit of energy or volume that stands in a heading. */
function unitIn(heading: string): string | undefined {
  const long = new RegExp(`(?<![a-z])${A_UNIT}`, 'i').exec(heading)?.[0];
  return long ?? /(?<![\p{L}\d])(l)(?![\p{L}\d])/iu.exec(heading)?.[1];
}
