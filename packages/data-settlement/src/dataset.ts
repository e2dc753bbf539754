/**
 * Datasets: a series as private salted chunks under one root, and the checks of it.
 *
 * @packageDocumentation
 */
export {
  CHUNK_HEADER_BYTES,
  type Chunk,
  type ChunkHeader,
  chunkStart,
  decodeChunk,
  decodeChunkHeader,
  encodeChunk,
} from './dataset/chunk.ts';
export { type CreateDatasetOptions, createDataset, type Dataset, isOffset } from './dataset/create.ts';
export { bodyDigest, dataLeaf, dataLeafOf, leafSalts } from './dataset/leaf.ts';
export { MAX_CHUNK_BYTES, SALT_BYTES } from './dataset/limits.ts';
export { sealedBytes, sealedChunkBytes } from './dataset/sizes.ts';
export {
  type Hasher,
  type InclusionClaim,
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeHash,
  verifyInclusion,
} from './merkle/tree.ts';
