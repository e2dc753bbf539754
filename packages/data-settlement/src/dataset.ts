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
  MAX_CHUNK_INTERVALS,
} from './dataset/chunk.ts';
export { type CreateDatasetOptions, createDataset, type Dataset, isOffset } from './dataset/create.ts';
export { bodyDigest, dataLeaf, dataLeafOf, leafSalts } from './dataset/leaf.ts';
export { CHUNK_PADDING_BYTES, DEFAULT_CHUNK_BYTES, MAX_CHUNK_BYTES, SALT_BYTES } from './dataset/limits.ts';
export {
  type Hasher,
  type InclusionClaim,
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeHash,
  verifyInclusion,
} from './merkle/tree.ts';
