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
export { type ConsentLedger, createConsentLedger } from './consent/ledger.ts';
export { MeterError, type MeterErrorCode } from './errors.ts';
export { createOehuClient } from './oehu/client.ts';
export type { OehuClient, OehuClientOptions } from './oehu/contract.ts';
export { type OehuSource, oehuSource } from './oehu/source.ts';
export { type Branches, type BranchOptions, branch } from './privacy/branch.ts';
export type { IntervalReading, MeterReading } from './reading.ts';
export { type IntervalSeriesOptions, intervalSeries, type MeasuredSeries } from './series/interval-series.ts';
export { registersOf } from './series/registers-of.ts';
export { formatReading } from './sources/format-reading.ts';
export type { MeterFile, MeterFileKind } from './sources/meter-file.ts';
export { type ReadMeterFileOptions, readMeterFile } from './sources/read-meter-file.ts';
export { type Zone, zoneOf } from './time/zone.ts';
