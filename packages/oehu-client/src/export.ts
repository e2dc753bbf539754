/**
 * Readings and series as files of many formats, in pieces: CSV, JSON, Parquet, CIM (IEC 61968-9), SenML (RFC 8428).
 *
 * @packageDocumentation
 */
export {
  EXPORT_FILES,
  EXPORT_FORMATS,
  type ExportFile,
  type ExportFormat,
  type ExportOptions,
  exportReadings,
  exportSeries,
} from './export/formats.ts';
export { recordedBatches } from './export/recorded-batches.ts';
export type { ExportAbout } from './export/row.ts';
