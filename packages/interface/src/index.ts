/**
 * Shared types, errors, environment and small byte helpers of EDMP. Codec and fields are in `@edmp/interface/format`, vocabularies and
 * documents of datasets in `@edmp/interface/dataset`, maps, queues and locks with limits in `@edmp/interface/bounded`.
 *
 * Everything pluggable is an interface here with an acceptance suite in `@edmp/testing`; crypto providers
 * are `@edmp/interface/crypto/node`, `@edmp/interface/crypto/noble`, `@edmp/interface/crypto/sodium` and
 * `@edmp/interface/crypto/web`.
 *
 * @packageDocumentation
 */
export type * from './abort.ts';
export * from './bytes.ts';
export * from './collect.ts';
export * from './content-store.ts';
export * from './crypto/errors.ts';
export * from './crypto/strict-ed25519.ts';
export type * from './crypto/types.ts';
export type { AssetId } from './dataset/asset-id.ts';
export type { Consumption } from './dataset/consumption.ts';
export type { Descriptor } from './dataset/descriptor.ts';
export type { DatasetDocument } from './dataset/document.ts';
export {
  ATTESTATION_LEVELS,
  type AttestationLevel,
  COMMODITIES,
  type Commodity,
  type EnergyUnit,
  FLOWS,
  type Flow,
  INTERVAL_STEPS,
  type IntervalStep,
  Quality,
  type QualityCode,
} from './dataset/vocabulary.ts';
export * from './environment/deadline.ts';
export * from './environment/seeded-random.ts';
export * from './environment/system.ts';
export type * from './environment/types.ts';
export * from './environment/virtual.ts';
export * from './errors.ts';
export * from './key-value-store.ts';
export * from './keys.ts';
export type * from './meter.ts';
export type * from './network.ts';
export type * from './settlement.ts';
export * from './signer.ts';
export type * from './trustchain/block-store.ts';
export * from './trustchain/half-block.ts';
export type * from './trustchain/ledger.ts';
export type * from './wallet.ts';
