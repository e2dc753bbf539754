/**
 * Trustworthy smart-meter series: the OEHU API client, verification of its signatures, interval series with honest
 * gaps, and the split into what may be public and what is sold.
 *
 * Runs in Node and browsers. The emulator of the OEHU API is `@edmp/oehu-client/emulator`.
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
export * from './sources/csv.ts';
export * from './sources/file-source.ts';
export * from './sources/format-reading.ts';
export * from './sources/green-button.ts';
export { type HomeWizardOptions, readHomeWizard } from './sources/homewizard.ts';
export type { SourceIssue } from './sources/issues.ts';
export * from './sources/meter-file.ts';
export * from './sources/p1/stream.ts';
export * from './sources/p1/telegram.ts';
export * from './sources/read-meter-file.ts';
export * from './sources/read-meter-url.ts';
export { readConsumptionRecord, readFluvius, readMijnAansluiting } from './sources/regional.ts';
export { readSenml, type SenmlOptions } from './sources/senml.ts';
export { readSml, type SmlOptions } from './sources/sml/sml.ts';
export * from './time/steps.ts';
export * from './time/zone.ts';
