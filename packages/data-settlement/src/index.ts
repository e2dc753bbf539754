/**
 * Sealed delivery of energy data: datasets, key commitments, HPKE, content stores and proofs of misbehaviour.
 *
 * `createSettlement` implements the `Settlement` port of `@edmp/interface`; the rest are its parts, for tools that
 * check deliveries and proofs on their own.
 *
 * @packageDocumentation
 */
export * from './codec/cid.ts';
export * from './dataset/chunk.ts';
export * from './dataset/create.ts';
export * from './dataset/leaf.ts';
export * from './dataset/limits.ts';
export * from './errors.ts';
export * from './exchange/deal-file.ts';
export * from './exchange/judge.ts';
export * from './exchange/open.ts';
export * from './exchange/proof.ts';
export * from './exchange/settlement.ts';
export * from './exchange/signed-evidence.ts';
export * from './exchange/spot-check.ts';
export type * from './exchange/types.ts';
export * from './gateway/client.ts';
export * from './gateway/handler.ts';
export * from './hpke/hpke.ts';
export * from './merkle/tree.ts';
export * from './sealing/check.ts';
export * from './sealing/chunk.ts';
export * from './sealing/context.ts';
export * from './sealing/keys.ts';
export * from './sealing/manifest.ts';
export * from './sealing/seal.ts';
export type { LocalStoreOptions } from './store/backend.ts';
export * from './store/blockstore.ts';
export * from './store/car.ts';
export * from './store/content-protocol.ts';
export type { IndexedStoreOptions } from './store/indexed.ts';
export * from './store/kubo.ts';
export * from './store/layered.ts';
export * from './store/links.ts';
export * from './store/memory.ts';
export * from './store/network.ts';
export * from './store/serve.ts';
