import { MeterError } from '../../../errors.ts';
import { type SourceUnit, sourceUnit } from '../../units.ts';
import { columnIndex, type FoundFilter, foundFilter } from './layout.ts';
import type { CsvColumn, CsvMap } from './map.ts';

/** A column of the map, found in the file. */
export interface FoundColumn extends Omit<CsvColumn, 'where' | 'unit'> {
  /** Place in the map. */
  readonly number: number;
  readonly index: number;
  readonly name: string;
  readonly unit: SourceUnit;
  readonly unitName: string;
  readonly unitIndex: number | undefined;
  readonly where: readonly FoundFilter[];
  /** Of a day matrix: ms after midnight that its intervals begin at; undefined when the row tells the time. */
  readonly offset?: number | undefined;
}

/** The columns of a map, found by their headings. Throws `ERR_METER_SCHEMA` when one is absent or has no known unit. */
export function foundColumns(map: CsvMap, headings: readonly string[]): FoundColumn[] {
  const unitOf = ({ unit, kind }: Pick<CsvColumn, 'unit' | 'kind'>): SourceUnit => {
    const known = unitFor(unit, kind);
    if (known === undefined) {
      const wanted = kind === 'power' ? 'W or kW' : 'kWh or m3';
      throw new MeterError(
        'ERR_METER_SCHEMA',
        `Expected a unit such as ${wanted}, got ${JSON.stringify(unit)}`,
      );
    }
    const hasEnd = map.end !== undefined || map.endClock !== undefined;
    if (kind !== 'register' && !hasEnd && !(Number(map.stepSeconds) > 0)) {
      throw new MeterError('ERR_METER_SCHEMA', 'Interval and power columns need stepSeconds');
    }
    return known;
  };
  const found = (column: CsvColumn, number: number, index: number, offset?: number): FoundColumn => ({
    ...column,
    number,
    index,
    name: typeof column.column === 'number' ? (headings[index] ?? '') : column.column,
    unit: unitOf(column),
    unitName: column.unit,
    unitIndex: column.unitColumn === undefined ? undefined : columnIndex(column.unitColumn, headings),
    where: [column.where ?? []].flat().map((filter) => foundFilter(filter, headings)),
    offset,
  });
  const { matrix } = map;
  if (matrix === undefined)
    return map.columns.map((column, i) => found(column, i, columnIndex(column.column, headings)));
  const first = columnIndex(matrix.first, headings);
  const step = (map.stepSeconds ?? 0) * 1000;
  const most = Math.ceil((25 * 3_600_000) / Math.max(step, 60_000));
  return headings.slice(first, first + most).map((heading, i) => {
    const told = /(\d{1,2}):(\d\d)/.exec(heading);
    const offset = told === null ? i * step : (Number(told[1]) * 60 + Number(told[2])) * 60_000;
    return { ...found({ ...matrix.cells, column: first + i }, i, first + i, offset), name: 'day' };
  });
}

/** The unit of a column; a power counts as the energy of an hour. */
export function unitFor(unit: string, kind: CsvColumn['kind']): SourceUnit | undefined {
  return sourceUnit(kind === 'power' ? `${unit.trim()}h` : unit);
}
