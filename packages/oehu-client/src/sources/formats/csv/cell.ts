import type { Flow } from '@edmp/interface';
import { UNITS_OF_COMMODITY } from '@edmp/interface/dataset';
import type { SourceIssue } from '../../issues.ts';
import { type FoundColumn, unitFor } from './columns.ts';
import { csvNumber } from './number.ts';
import { type Progress, type RowFacts, rowName } from './progress.ts';
import type { Span } from './span.ts';

/** Adds what a cell tells to the readings, or says why it does not. */
export function addCell(
  progress: Progress,
  column: FoundColumn,
  row: readonly string[],
  cell: string,
  span: Span,
  facts: RowFacts,
): void {
  const { map, issues } = progress;
  const tell = (code: SourceIssue['code'], message: string): void => {
    issues.push({ code, at: `${rowName(facts)}, ${column.name}`, message });
  };
  const unitText = column.unitIndex === undefined ? '' : (row[column.unitIndex] ?? '').trim();
  const unit = unitText === '' ? column.unit : unitFor(unitText, column.kind);
  if (unit === undefined) {
    const message = `Expected a unit of energy or volume, got ${JSON.stringify(unitText.slice(0, 20))}`;
    tell('unknown-unit', message);
    return;
  }
  if (!UNITS_OF_COMMODITY[column.commodity].includes(unit.unit)) {
    const message = `${column.commodity} is not counted in ${JSON.stringify((unitText || column.unitName).slice(0, 20))}`;
    tell('unknown-unit', message);
    return;
  }
  let value = csvNumber(cell, unit.power, map);
  if (value !== undefined && column.kind === 'power') value = Math.round((value * span.duration) / 3_600_000);
  if (value === undefined) {
    const message = `Expected a number with decimal mark ${map.decimal ?? '.'}, got ${JSON.stringify(cell.slice(0, 20))}; if it groups digits, say grouping`;
    tell('bad-value', message);
    return;
  }
  if (column.sign === 'negative') value = value === 0 ? 0 : -value;
  const isOpen = column.sign === undefined && column.flow === 'export';
  if (value > 0 && isOpen) progress.positive.add(column);
  if (value < 0 && isOpen) {
    const list = progress.negative.get(column);
    if (list === undefined) progress.negative.set(column, [progress.readings.length]);
    else list.push(progress.readings.length);
  } else if (value < 0 && column.sign !== 'both') {
    tell('bad-value', 'Expected an amount that is not negative');
    return;
  }
  const amount = Math.abs(value);
  if (column.sign !== 'both') {
    progress.readings.add(column, column.flow, amount, unit.unit, span, facts);
    return;
  }
  const other: Flow = column.flow === 'import' ? 'export' : 'import';
  progress.readings.add(column, column.flow, value > 0 ? amount : 0, unit.unit, span, facts);
  progress.readings.add(column, other, value < 0 ? amount : 0, unit.unit, span, facts);
}
