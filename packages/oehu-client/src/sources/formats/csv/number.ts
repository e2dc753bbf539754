import { microOrNaN } from '../../../decimal.ts';
import type { CsvMap } from './map.ts';

/**
 * Micro-units of a written number in units of 10^`power`, with the file's decimal and grouping marks. A mark of grouping
 * is only taken in groups of three digits, and undeclared only where the decimal mark or a second group shows what it
 * is: 1.573 with decimal commas may be 1573 or 1.573. Undefined when it is no number of that form.
 */
export function csvNumber(
  cell: string,
  power: number,
  map: Pick<CsvMap, 'decimal' | 'grouping'>,
): number | undefined {
  const text = plainNumber(cell, map.decimal ?? '.', map.grouping);
  if (text === undefined) return undefined;
  const value = microOrNaN(text, power);
  return Number.isFinite(value) ? value : undefined;
}

/** Longest number, characters: 18 digits on both sides of the mark, grouped. */
const MAX_NUMBER = 64;
const PLAIN = /^[+-]?\d+(?:\.\d*)?$/;
const COMMA = /^[+-]?\d+,\d+$/;
const SPACES = /[\u00a0\u202f ]/g;

function plainNumber(cell: string, decimal: '.' | ',', grouping: CsvMap['grouping']): string | undefined {
  if (cell.length > MAX_NUMBER) return undefined;
  if (decimal === '.' && grouping === undefined && PLAIN.test(cell)) return cell;
  if (decimal === ',' && COMMA.test(cell)) return cell.replace(',', '.');
  let text = cell.replace(SPACES, ' ');
  // A minus of its own sign character, or behind the number, is still a minus.
  text = text.replace(/^\u2212/, '-');
  if (/^\.\d/.test(text) || /^,\d/.test(text)) text = `0${text}`;
  const [whole = '', fraction, ...more] = text.split(decimal);
  if (more.length > 0 || (fraction !== undefined && !/^\d*$/.test(fraction))) {
    // Several decimal marks, or something behind it that is no digit.
    return undefined;
  }
  const digits = withoutGroups(whole, decimal, grouping, fraction !== undefined);
  if (digits === undefined) return undefined;
  return fraction === undefined || fraction === '' ? digits : `${digits}.${fraction}`;
}

function withoutGroups(
  whole: string,
  decimal: '.' | ',',
  grouping: CsvMap['grouping'],
  hasDecimal: boolean,
): string | undefined {
  if (/^[+-]?\d+$/.test(whole)) return whole;
  const match = /^[+-]?\d{1,3}((?:([.,' ])\d{3})(?:\2\d{3})*)$/.exec(whole);
  const mark = match?.[2];
  if (match === null || mark === undefined || mark === decimal) return undefined;
  const isShown = hasDecimal || (match[1] ?? '').length > 4 || mark === ' ' || mark === "'";
  if (grouping === undefined ? !isShown : mark !== grouping) return undefined;
  return whole.replaceAll(mark, '');
}
