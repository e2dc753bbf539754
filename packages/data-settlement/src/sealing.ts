/**
 * Sealing of chunks for a buyer: key commitments, HPKE key wrap, manifests.
 *
 * @packageDocumentation
 */
export { type OpenOptions, openDelivery } from './exchange/open.ts';
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
  DEFAULT_KEY_SUITES,
  type KeySuite,
  keySuiteOf,
  x25519Suite,
  xWingSuite,
} from './sealing/key-suite.ts';
export {
  CONTENT_KEY_BYTES,
  chunkKeys,
  expectRecipientKey,
  type KeyBinding,
  keyCommitment,
  unwrapContentKey,
  wrapContentKey,
  wrappedKeyBytes,
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
export {
  type ChunkSealer,
  localSealer,
  type SealCrypto,
  type SealedChunk,
  type SealJob,
} from './sealing/sealer.ts';
