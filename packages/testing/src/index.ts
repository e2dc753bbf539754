/**
 * Acceptance suites for everything that can be plugged in. Each is a function that registers vitest cases over a factory
 * of the implementation under test: passing them is what makes an implementation one.
 *
 * @packageDocumentation
 */
export type { BlockStoreHarness, BlockStoreSuiteOptions } from './block-store/harness.ts';
export { blockStoreSuite } from './block-store/suite.ts';
export type { ContentStoreHarness, ContentStoreSuiteOptions } from './content-store/harness.ts';
export { contentStoreSuite } from './content-store/suite.ts';
export { CRAFTED_SIGNATURES, type CraftedSignature } from './crypto/crafted-ed25519.ts';
export { type CryptoSuiteOptions, cryptoSuite } from './crypto/suite.ts';
export {
  type KeyValueStoreHarness,
  type KeyValueStoreSuiteOptions,
  keyValueStoreSuite,
} from './key-value-store/suite.ts';
export type { MeterSourceHarness, MeterSourceSuiteOptions } from './meter-source/harness.ts';
export { meterSourceSuite } from './meter-source/suite.ts';
export type { NetworkHarness, NetworkSuiteOptions, NetworkTopology } from './network/harness.ts';
export { networkSuite } from './network/suite.ts';
export type { SettlementHarness, SettlementParty, SettlementSuiteOptions } from './settlement/harness.ts';
export { settlementSuite } from './settlement/suite.ts';
export { type SignerSuiteOptions, signerSuite } from './signer/suite.ts';
export { collectAll, eventually, rejection, thrown } from './support.ts';
export type { WalletHarness, WalletSuiteOptions } from './wallet/harness.ts';
export { walletSuite } from './wallet/suite.ts';
