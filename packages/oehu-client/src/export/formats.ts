import {
  type AbortOptions,
  type IntervalSeries,
  InvalidArgumentError,
  throwIfAborted,
} from '@edmp/interface';
import { readingsToCsv, readingsToJson } from '../recorder/export.ts';
import { seriesToCsv, seriesToJson } from '../series/export.ts';
import type { AnyReading } from '../sources/meter-file.ts';
import { rowsToCim } from './cim-readings.ts';
import { rowsToParquet } from './parquet.ts';
import { type ExportAbout, type ExportRow, rowsOfSeries } from './row.ts';
import { rowsToSenml } from './senml.ts';

/** Formats that recorded readings and series leave in. */
export const EXPORT_FORMATS = ['csv', 'json', 'parquet', 'cim', 'senml'] as const;
/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What a program that stores or sends an export has to know of its format. */
export interface ExportFile {
  /** Media type of readings; JSON readings are one object a line. */
  readonly mediaType: string;
  /** Ending of a file's name, without the point. */
  readonly extension: string;
  /** Whether it is text that a terminal may show. */
  readonly isText: boolean;
}

/** Media type and file ending of each format. */
export const EXPORT_FILES: Readonly<Record<ExportFormat, ExportFile>> = {
  csv: { mediaType: 'text/csv; charset=utf-8; header=present', extension: 'csv', isText: true },
  json: { mediaType: 'application/x-ndjson; charset=utf-8', extension: 'ndjson', isText: true },
  // Registered with IANA in 2024.
  parquet: { mediaType: 'application/vnd.apache.parquet', extension: 'parquet', isText: false },
  cim: { mediaType: 'application/xml; charset=utf-8', extension: 'xml', isText: true },
  senml: { mediaType: 'application/senml+json', extension: 'senml.json', isText: true },
};

/** Options of {@link exportReadings} and {@link exportSeries}. */
export interface ExportOptions extends ExportAbout, AbortOptions {
  readonly format: ExportFormat;
}

type Pieces = AsyncGenerator<string | Uint8Array>;
/** Most text that is put together before it is handed on, characters. */
const PIECE = 65_536;

/**
 * Readings as a file, in pieces, as they come: of a year of seconds only one piece and one batch are in memory. Throws
 * `ERR_INVALID_ARGUMENT` for an unknown format and `ERR_ABORTED`.
 *
 * @param batches - Readings in pieces, each register ascending in time; a piece of 10 000 or so is written at once.
 *
 * @example
 * ```ts
 * import { readMeterFile } from '@edmp/oehu-client';
 * import { exportReadings } from '@edmp/oehu-client/export';
 *
 * const csv = 'start,seconds,commodity,flow,tariff,value,unit,quality\n2026-01-10T00:00:00Z,900,electricity,import,total,0.125,kWh,measured\n';
 * const { readings } = readMeterFile(new TextEncoder().encode(csv));
 * const pieces = exportReadings([readings], { format: 'senml', meter: 'hall', zone: 'Europe/Amsterdam' });
 * let bytes = 0;
 * for await (const piece of pieces) bytes += piece.length;
 * console.log(bytes > 0); // true
 * ```
 */
export function exportReadings(
  batches: AsyncIterable<readonly AnyReading[]> | Iterable<readonly AnyReading[]>,
  options: ExportOptions,
): AsyncGenerator<Uint8Array> {
  const watched = watch(batches, options);
  return bytesOf(readingPieces(watched, options));
}

/**
 * A series as a file, in pieces. Intervals without data stay: an empty cell in CSV, null in JSON and Parquet, an interval
 * of quality 2.5.259 in CIM, the start of another counter in SenML. CSV and JSON are those of `seriesToCsv` and
 * `seriesToJson`. Throws `ERR_INVALID_ARGUMENT` for an unknown format and `ERR_ABORTED`.
 */
export function exportSeries(series: IntervalSeries, options: ExportOptions): AsyncGenerator<Uint8Array> {
  return bytesOf(seriesPieces(series, options));
}

async function* seriesPieces(series: IntervalSeries, options: ExportOptions): Pieces {
  if (options.format === 'csv') yield seriesToCsv(series);
  else if (options.format === 'json') yield `${JSON.stringify(seriesToJson(series))}\n`;
  else yield* rowPieces(watch(rowsOfSeries(series), options), options);
}

async function* readingPieces(batches: AsyncIterable<readonly AnyReading[]>, options: ExportOptions): Pieces {
  if (options.format === 'csv') {
    let isFirst = true;
    for await (const batch of batches) {
      const lines = readingsToCsv(batch);
      if (!isFirst) lines.next();
      isFirst = false;
      for (const line of lines) yield `${line}\r\n`;
    }
    if (isFirst) yield `${[...readingsToCsv([])].join('\r\n')}\r\n`;
  } else if (options.format === 'json') {
    for await (const batch of batches) for (const line of readingsToJson(batch)) yield `${line}\n`;
  } else {
    yield* rowPieces(batches, options);
  }
}

function rowPieces(batches: AsyncIterable<readonly ExportRow[]>, options: ExportOptions): Pieces {
  switch (options.format) {
    case 'parquet':
      return rowsToParquet(batches, options);
    case 'cim':
      return rowsToCim(batches, options);
    case 'senml':
      return rowsToSenml(batches, options);
    default:
      throw new InvalidArgumentError(
        `Expected one of the formats ${EXPORT_FORMATS.join(', ')}, got ${JSON.stringify(options.format)}`,
      );
  }
}

/** The batches, until the signal says stop. */
async function* watch<T>(
  batches: AsyncIterable<T> | Iterable<T>,
  { signal }: AbortOptions,
): AsyncGenerator<T> {
  for await (const batch of batches) {
    throwIfAborted(signal);
    yield batch;
  }
}

/** Texts as UTF-8, small ones put together. */
async function* bytesOf(pieces: Pieces): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '';
  for await (const piece of pieces) {
    if (typeof piece !== 'string') {
      yield piece;
      continue;
    }
    text += piece;
    if (text.length < PIECE) continue;
    yield encoder.encode(text);
    text = '';
  }
  if (text !== '') yield encoder.encode(text);
}
