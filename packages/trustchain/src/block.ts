/**
 * Half blocks as bytes: codec, identity, signatures and limits.
 *
 * @packageDocumentation
 */
export { decodeCore, decodeHalfBlock, encodeCore } from './block/codec.ts';
export { isBlockType } from './block/core-rules.ts';
export { BlockError, type BlockErrorCode } from './block/errors.ts';
export { blockIdFromBytes, blockIdFromDigest, identify, isBlockId } from './block/identity.ts';
export { MAX_BLOCK_BYTES, MAX_CORE_BYTES, MAX_TYPE_BYTES } from './block/limits.ts';
export { signHalfBlock, signingMessage, verifyItem, verifySignature } from './block/signature.ts';
