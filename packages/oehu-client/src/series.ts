/**
 * Interval series: bounds, steps, quality, aggregation and export.
 *
 * @packageDocumentation
 */

export type { SenmlRecord } from './export/senml.ts';
export { aggregate } from './series/aggregate.ts';
export { atLeast, lowestLevel } from './series/attestation.ts';
export { seriesBounds, seriesEnd } from './series/bounds.ts';
export { type CimOptions, seriesToCim } from './series/cim.ts';
export {
  type SeriesJson,
  type SeriesJsonValue,
  seriesToCsv,
  seriesToJson,
  seriesToSenml,
} from './series/export.ts';
export type { SeriesGap, SeriesReport } from './series/interval-series.ts';
export { type LoadFactor, loadFactor } from './series/load-factor.ts';
export { qualityName } from './series/quality.ts';
export type { RegisterNote } from './series/registers.ts';
