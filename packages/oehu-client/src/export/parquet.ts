import { Quality } from '@edmp/interface';
import type { SchemaElement } from 'hyparquet-writer';
import { qualityName } from '../series/quality.ts';
import { NO_TIME } from '../sources/meter-file.ts';
import { unitText } from '../sources/units.ts';
import { type ExportAbout, type ExportRow, rowMoment } from './row.ts';

/** Rows of one row group: some 1 MB, and 40 ms, while they are encoded. */
const ROWS_IN_GROUP = 10_000;
/** Digits after the point of `value`: micro-units. */
const SCALE = 6;
/** Most digits of a 64-bit decimal (Parquet, LogicalTypes.md). */
const PRECISION = 18;

/** Where a column's cells come from. */
interface Column {
  readonly element: SchemaElement;
  readonly cell: (row: ExportRow) => bigint | string | null;
}

const text = (name: string, cell: (row: ExportRow) => string | null): Column => ({
  element: { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  cell,
});
const moment = (name: string, cell: (row: ExportRow) => number | null): Column => ({
  element: {
    name,
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
    repetition_type: 'OPTIONAL',
  },
  cell: (row) => {
    const at = cell(row);
    return at === null ? null : BigInt(at);
  },
});

const COLUMNS: readonly Column[] = [
  moment('at', (row) => (rowMoment(row) === NO_TIME ? null : rowMoment(row))),
  moment('end', (row) => ('duration' in row ? row.start + row.duration : null)),
  text('commodity', (row) => row.commodity),
  text('flow', (row) => row.flow),
  text('tariff', (row) => String(row.tariff)),
  {
    element: {
      name: 'value',
      type: 'INT64',
      converted_type: 'DECIMAL',
      logical_type: { type: 'DECIMAL', precision: PRECISION, scale: SCALE },
      precision: PRECISION,
      scale: SCALE,
      repetition_type: 'OPTIONAL',
    },
    cell: (row) => (row.value === null ? null : BigInt(row.value)),
  },
  text('unit', (row) => unitText(row.unit)),
  text('register', (row) => row.register || null),
  text('serial', (row) => row.serial ?? null),
  text('quality', (row) => qualityName(row.quality ?? Quality.measured)),
  text('trust', (row) => row.trust),
];

/**
 * Rows as an Apache Parquet file, in pieces. `at` and `end` are INT64 timestamps in UTC, milliseconds (`end` is null for
 * registers); `value` is DECIMAL(18, 6) in the unit of the row, exact, and null where there is no data; the rest is text.
 * The metadata of the file has `edmp.meter`, `edmp.zone`, and all `edmp.units` and `edmp.commodities` that occur. Of the
 * rows only one group of 10 000 is held at a time.
 */
export async function* rowsToParquet(
  batches: AsyncIterable<readonly ExportRow[]>,
  about: ExportAbout,
): AsyncGenerator<Uint8Array> {
  // Who does not export Parquet does not load the library.
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const bytes = new ByteWriter();
  /** What was encoded since the last call; the place in the file goes on. */
  const drain = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  };
  const metadata = [
    { key: 'edmp.format', value: 'edmp/readings/1' },
    { key: 'edmp.meter', value: about.meter },
    { key: 'edmp.zone', value: about.zone },
  ];
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'readings', num_children: COLUMNS.length }, ...COLUMNS.map(({ element }) => element)],
    kvMetadata: metadata,
    createdBy: 'edmp',
  });
  const write = (rows: readonly ExportRow[]): Uint8Array => {
    const columnData = COLUMNS.map(({ element, cell }) => ({ name: element.name, data: rows.map(cell) }));
    void writer.write({ columnData, rowGroupSize: ROWS_IN_GROUP });
    return drain();
  };
  let waiting: ExportRow[] = [];
  const units = new Set<string>();
  const commodities = new Set<string>();
  for await (const batch of batches) {
    for (const row of batch) {
      units.add(unitText(row.unit));
      commodities.add(row.commodity);
      waiting.push(row);
      if (waiting.length < ROWS_IN_GROUP) continue;
      yield write(waiting);
      waiting = [];
    }
  }
  if (waiting.length > 0) yield write(waiting);
  metadata.push(
    { key: 'edmp.units', value: [...units].join(' ') },
    { key: 'edmp.commodities', value: [...commodities].join(' ') },
  );
  void writer.finish();
  yield drain();
}
