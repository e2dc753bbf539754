/**
 * Trustworthy smart-meter series: read meters and their files, verify who signed them, make interval series with honest
 * gaps, and split them into what may be public and what is sold. Runs in Node and browsers.
 *
 * Start with {@link createOehuClient} or {@link readMeterFile}. What else a program may need is in `@edmp/oehu-client/oehu`
 * (records and signatures of the OEHU API), `/sources` (each format on its own), `/series`, `/privacy`, `/consent` and `/time`; an
 * emulator of the OEHU API is `/emulator`.
 *
 * @packageDocumentation
 */
export * from './consent/check.ts';
export * from './consent/errors.ts';
export * from './consent/ledger.ts';
export * from './consent/receipt.ts';
export * from './decimal.ts';
export * from './errors.ts';
export * from './oehu/chain.ts';
export * from './oehu/client.ts';
export * from './oehu/gas-time.ts';
export type { FetchLike, RetryOptions } from './oehu/http.ts';
export type { OehuEntry, OehuIssue } from './oehu/issues.ts';
export type { Json, JsonObject } from './oehu/json.ts';
export type { OehuMetadata, OehuRegisters } from './oehu/metadata.ts';
export * from './oehu/records.ts';
export * from './oehu/source.ts';
export * from './oehu/verify.ts';
export * from './privacy/branch.ts';
export * from './privacy/cell.ts';
export * from './privacy/duplicates.ts';
export * from './privacy/geohash.ts';
export * from './privacy/household.ts';
export * from './privacy/pseudonym.ts';
export * from './privacy/reveals.ts';
export type * from './reading.ts';
export * from './series/aggregate.ts';
export * from './series/attestation.ts';
export * from './series/bounds.ts';
export * from './series/cim.ts';
export * from './series/export.ts';
export * from './series/interval-series.ts';
export * from './series/load-factor.ts';
export { qualityName } from './series/quality.ts';
export type { RegisterNote } from './series/registers.ts';
export { registersOf } from './series/registers-of.ts';
export * from './sources/file-source.ts';
export { type FormatOptions, MeterContent, type MeterFormat } from './sources/format.ts';
export * from './sources/format-reading.ts';
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
export { type GreenButtonOptions, readGreenButton } from './sources/formats/green-button.ts';
export { type HomeWizardOptions, readHomeWizard } from './sources/formats/homewizard.ts';
export { readMijnAansluiting } from './sources/formats/nl-mijn-aansluiting.ts';
export { readTelegrams } from './sources/formats/p1/log.ts';
export * from './sources/formats/p1/stream.ts';
export * from './sources/formats/p1/telegram.ts';
export { readSenml, type SenmlOptions } from './sources/formats/senml.ts';
export { readSml, type SmlOptions } from './sources/formats/sml/sml.ts';
export type { SourceIssue } from './sources/issues.ts';
export {
  type AnyReading,
  isIntervalReading,
  type MeterFile,
  type MeterFileKind,
  NO_TIME,
} from './sources/meter-file.ts';
export { METER_FORMATS } from './sources/meter-formats.ts';
export * from './sources/read-meter-file.ts';
export * from './sources/read-meter-url.ts';
export * from './time/steps.ts';
export * from './time/zone.ts';
