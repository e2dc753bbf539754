/**
 * What is sold: the vocabularies of energy data, the public descriptor of a series, the dataset document that an asset
 * id names, and the calendar that they are checked against.
 *
 * @packageDocumentation
 */
export {
  type AssetId,
  assetIdOf,
  assetIdOfBytes,
  DATA_ASSET_PREFIX,
  isAssetId,
  parseAssetId,
} from './asset-id.ts';
export {
  intervalRange,
  isTimeZone,
  nominalStepMinutes,
  parseDay,
  STEP_MINUTES,
  startOfDay,
} from './calendar.ts';
export { complaintMessage, falseComplaint, type SignedComplaint } from './complaint.ts';
export type { Consumption } from './consumption.ts';
export { type Descriptor, descriptorOf, validateDescriptor } from './descriptor.ts';
export {
  type DatasetDocument,
  datasetDocumentOf,
  decodeDatasetDocument,
  encodeDatasetDocument,
} from './document.ts';
export { DatasetError, type DatasetErrorCode } from './errors.ts';
export { MAX_CHUNKS, MAX_DOCUMENT_BYTES } from './limits.ts';
export { CHUNK_SLOTS_BYTES, chunkCountOf, maxValueOf, SLOT_BYTES } from './sizes.ts';
export { areGapsTold, toldGaps } from './told-gaps.ts';
export {
  ATTESTATION_LEVELS,
  type AttestationLevel,
  COMMODITIES,
  type Commodity,
  ENERGY_UNITS,
  type EnergyUnit,
  FLOWS,
  type Flow,
  HOUSEHOLD_KINDS,
  type HouseholdKind,
  INTERVAL_STEPS,
  type IntervalStep,
  OCCUPANT_BUCKETS,
  type OccupantBucket,
  QUALITY_NAMES,
  Quality,
  type QualityCode,
  type QualityName,
  UNITS_OF_COMMODITY,
} from './vocabulary.ts';
