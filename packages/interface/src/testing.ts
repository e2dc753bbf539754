/**
 * Acceptance suites for everything pluggable. Each is a function that registers vitest cases over a factory of the
 * implementation under test; vitest and fast-check are optional peers.
 *
 * @packageDocumentation
 */
export type { BlockStoreHarness, BlockStoreSuiteOptions } from './testing/block-store/harness.ts';
export { blockStoreSuite } from './testing/block-store/suite.ts';
export type { ContentStoreHarness, ContentStoreSuiteOptions } from './testing/content-store/harness.ts';
export { contentStoreSuite } from './testing/content-store/suite.ts';
export { CRAFTED_SIGNATURES, type CraftedSignature } from './testing/crypto/crafted-ed25519.ts';
export { type CryptoSuiteOptions, cryptoSuite } from './testing/crypto/suite.ts';
export {
  type KeyValueStoreHarness,
  type KeyValueStoreSuiteOptions,
  keyValueStoreSuite,
} from './testing/key-value-store/suite.ts';
export type { NetworkHarness, NetworkSuiteOptions, NetworkTopology } from './testing/network/harness.ts';
export { networkSuite } from './testing/network/suite.ts';
export { collectAll, eventually, rejection, thrown } from './testing/support.ts';
export type { WalletHarness, WalletSuiteOptions } from './testing/wallet/harness.ts';
export { walletSuite } from './testing/wallet/suite.ts';
