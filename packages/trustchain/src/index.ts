/**
 * TrustChain: signed half blocks in one chain per author, pairs of them as two-party transactions, fraud proofs,
 * stores and the network protocol.
 *
 * Start with {@link createTrustchain}. What else a program may need is in `@edmp/trustchain/block` (half blocks as bytes),
 * `/pair` (rules and states of pairs), `/validation`, `/fraud`, `/protocol` (names on the wire), `/pruning`, `/tools` (chains seen from
 * outside), `/sqlite` and `/indexeddb` (durable stores), `/libp2p` and `/simulated` (networks).
 *
 * @packageDocumentation
 */
export { createTrustchain } from './chain/create-trustchain.ts';
export { ChainError, PairError } from './chain/errors.ts';
export type { TrustchainLimits, TrustchainOptions } from './chain/options.ts';
export type { SharingOptions } from './chain/signing-lease.ts';
export { NetworkError, type NetworkErrorCode } from './network/errors.ts';
export type { QuotaOptions } from './protocol/quota.ts';
export { StoreError } from './store/errors.ts';
export { type MemoryBlockStoreOptions, memoryBlockStore } from './store/memory.ts';
