/**
 * Sealed delivery of energy data between parties that do not trust each other.
 *
 * Start with {@link createSettlement}: it implements the `Settlement` port of `@edmp/interface`. Its parts, for tools that check
 * deliveries and proofs on their own, are in `@edmp/data-settlement/dataset`, `/sealing`, `/proof`, `/content` (stores and
 * CAR files), `/gateway`, `/fs` and `/threads`.
 *
 * @packageDocumentation
 */
export { ContentError, SettlementError } from './errors.ts';
export { createSettlement } from './exchange/settlement.ts';
export type { SpotCheckRequest } from './exchange/spot-check-buyer.ts';
export type { SampleRules } from './exchange/spot-check-seller.ts';
export type {
  CreateSettlement,
  DataSettlement,
  NewDataset,
  OwnedDataset,
  RemovedDataset,
  SealedRoot,
  SettlementOptions,
  SpotCheckOptions,
} from './exchange/types.ts';
export { type KeySuite, x25519Suite, xWingSuite } from './sealing/key-suite.ts';
export type { LocalStoreOptions } from './store/backend.ts';
export { memoryContentStore } from './store/memory.ts';
export { type NetworkContentOptions, networkContentStore } from './store/network.ts';
export { type ServeContentOptions, serveContent } from './store/serve.ts';
