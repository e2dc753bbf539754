/**
 * Readers of single meter formats and devices, and the table of all of them.
 *
 * @packageDocumentation
 */
export { type PortEvent, type PortOptions, type PortStream, portStream } from './live/port-stream.ts';
export { type FileSource, type FileSourceOptions, fileSource } from './sources/file-source.ts';
export {
  type FormatOptions,
  type GreenButtonOptions,
  MeterContent,
  type MeterFormat,
} from './sources/format.ts';
export type { FormattedReading } from './sources/format-reading.ts';
export { readConsumptionRecord } from './sources/formats/at-eda.ts';
export { readFluvius } from './sources/formats/be-fluvius.ts';
export { type CsvGuess, guessCsvMap } from './sources/formats/csv/guess.ts';
export type {
  CsvColumn,
  CsvColumnName,
  CsvDayMatrix,
  CsvEncoding,
  CsvMap,
  CsvRowFilter,
} from './sources/formats/csv/map.ts';
export { readOwnCsv } from './sources/formats/csv/own.ts';
export { OWN_CSV_HEADER } from './sources/formats/csv/own-header.ts';
export { readCsv } from './sources/formats/csv/read.ts';
export { csvRows } from './sources/formats/csv/text.ts';
export { readGreenButton } from './sources/formats/green-button.ts';
export { type MeterKeys, meterKeys } from './sources/formats/han/cipher.ts';
export { readHan } from './sources/formats/han/log.ts';
export {
  type HanEvent,
  type HanOptions,
  type HanStream,
  type HanTelegram,
  hanStream,
} from './sources/formats/han/stream.ts';
export { type HomeWizardOptions, readHomeWizard } from './sources/formats/homewizard.ts';
export { readMijnAansluiting } from './sources/formats/nl-mijn-aansluiting.ts';
export type { P1Channel } from './sources/formats/p1/channels.ts';
export type { P1Line } from './sources/formats/p1/lines.ts';
export { readTelegrams } from './sources/formats/p1/log.ts';
export { type P1Event, type P1Stream, p1Stream } from './sources/formats/p1/stream.ts';
export {
  MAX_TELEGRAM_BYTES,
  type P1Options,
  type P1Telegram,
  parseTelegram,
} from './sources/formats/p1/telegram.ts';
export { readSenml, type SenmlOptions } from './sources/formats/senml.ts';
export { readSml, type SmlOptions } from './sources/formats/sml/sml.ts';
export type { Sheet, SheetCell, Workbook } from './sources/formats/xlsx/workbook.ts';
export type { SourceIssue } from './sources/issues.ts';
export { type AnyReading, isIntervalReading, type MeterFilePieces, NO_TIME } from './sources/meter-file.ts';
export { METER_FORMATS } from './sources/meter-formats.ts';
export { meterFileKind, readMeterPieces } from './sources/read-meter-file.ts';
export { type ReadMeterUrlOptions, readMeterUrl, withMeterUrl } from './sources/read-meter-url.ts';
