/**
 * Readers of single meter formats and devices.
 *
 * @packageDocumentation
 */
export { type CsvColumn, type CsvMap, csvRows, OWN_CSV_HEADER, readCsv, readOwnCsv } from './sources/csv.ts';
export { type FileSource, type FileSourceOptions, fileSource } from './sources/file-source.ts';
export type { FormattedReading } from './sources/format-reading.ts';
export { type GreenButtonOptions, readGreenButton } from './sources/green-button.ts';
export { type HomeWizardOptions, readHomeWizard } from './sources/homewizard.ts';
export type { SourceIssue } from './sources/issues.ts';
export { type AnyReading, isIntervalReading } from './sources/meter-file.ts';
export { type P1Event, type P1Stream, p1Stream } from './sources/p1/stream.ts';
export {
  MAX_TELEGRAM_BYTES,
  type P1Channel,
  type P1Line,
  type P1Options,
  type P1Telegram,
  parseTelegram,
} from './sources/p1/telegram.ts';
export { meterFileKind } from './sources/read-meter-file.ts';
export { type ReadMeterUrlOptions, readMeterUrl } from './sources/read-meter-url.ts';
export { readConsumptionRecord, readFluvius, readMijnAansluiting } from './sources/regional.ts';
export { readSenml, type SenmlOptions } from './sources/senml.ts';
export { readSml, type SmlOptions } from './sources/sml/sml.ts';
