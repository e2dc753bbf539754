/**
 * Sealing of chunks for a buyer: key commitments, HPKE key wrap, manifests.
 *
 * @packageDocumentation
 */
export { type OpenOptions, openDelivery } from './exchange/open.ts';
export {
  HPKE_ENC_BYTES,
  type HpkeContext,
  type HpkeCrypto,
  type HpkeOptions,
  hpkeDeriveSecret,
  hpkeRecipient,
  hpkeSender,
} from './hpke/hpke.ts';
export { checkDelivery, checkManifest } from './sealing/check.ts';
export {
  type ChunkPlace,
  MAX_SEALED_CHUNK_BYTES,
  type OpenedChunk,
  openChunk,
  openInContext,
  sealChunk,
} from './sealing/chunk.ts';
export { type SealMode, sealContexts, sharedContext } from './sealing/context.ts';
export {
  CONTENT_KEY_BYTES,
  chunkKeys,
  expectRecipientKey,
  type KeyBinding,
  keyCommitment,
  unwrapContentKey,
  WRAPPED_KEY_BYTES,
  wrapContentKey,
} from './sealing/keys.ts';
export {
  decodeManifest,
  decodeSealedLeaf,
  encodeManifest,
  encodeSealedLeaf,
  type Manifest,
  SEALED_LEAF_BYTES,
  type SealedLeaf,
  settlementRootOf,
} from './sealing/manifest.ts';
export { type SealOptions, sealDataset } from './sealing/seal.ts';
