import { type BlockId, CODEC_DAG_CBOR, type Crypto } from '@edmp/interface';
import { idOver, SHA2_256 } from '@edmp/interface/format';
import type { CID } from 'multiformats/cid';

/** First bytes of every block id: CIDv1, dag-cbor, sha2-256, 32 bytes. */
const PREFIX = Uint8Array.of(1, CODEC_DAG_CBOR, SHA2_256, 32);
/** Length of a block id in bytes. */
export const BLOCK_ID_BYTES = 36;

/** Writes the 36 binary bytes of the block id with the SHA-256 digest `digest` (32 bytes) into `place`. */
export function writeBlockId(place: Uint8Array, digest: Uint8Array): BlockId {
  place.set(PREFIX);
  place.set(digest, PREFIX.length);
  return idOver(place);
}

/** Block id whose SHA-256 digest is `digest` (32 bytes). */
export function blockIdFromDigest(digest: Uint8Array): BlockId {
  // A buffer of its own from the start: a CID asks its arrays for their buffers, which would move small ones out of
  // the JavaScript heap one by one.
  return writeBlockId(new Uint8Array(new ArrayBuffer(BLOCK_ID_BYTES)), digest);
}

/**
 * Block id of 36 binary bytes; undefined unless they are a CIDv1, dag-cbor, sha2-256.
 *
 * @param bytes - A binary CID; a view of them is kept, not a copy.
 */
export function blockIdFromBytes(bytes: Uint8Array): BlockId | undefined {
  if (bytes.length !== BLOCK_ID_BYTES) return undefined;
  for (let i = 0; i < PREFIX.length; i++) if (bytes[i] !== PREFIX[i]) return undefined;
  return blockIdFromDigest(bytes.subarray(PREFIX.length));
}

/**
 * Identity of canonical dag-cbor bytes: CIDv1, dag-cbor, sha2-256.
 *
 * @param bytes - Canonical encoding of a core, or of another document.
 */
export function identify(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): BlockId {
  return blockIdFromDigest(crypto.sha256(bytes));
}

/**
 * Whether a CID has the form of a block id.
 *
 * @param cid - Any CID.
 */
export function isBlockId(cid: CID): boolean {
  return (
    cid.version === 1 &&
    cid.code === CODEC_DAG_CBOR &&
    cid.multihash.code === SHA2_256 &&
    cid.multihash.size === 32
  );
}

/** The 32 digest bytes of a block id. */
export function blockDigest(id: BlockId): Uint8Array {
  return id.multihash.digest;
}

/** Compact text that is equal exactly when the bytes are: a map key, not for people. `bytes` has an even length. */
export function bytesKey(bytes: Uint8Array): string {
  // One call with all units: a string put together unit by unit is copied at every step.
  const units = new Array<number>(bytes.length >>> 1);
  for (let i = 0; i < units.length; i++) units[i] = ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0);
  return String.fromCharCode.apply(null, units);
}

/** {@link bytesKey} of a block id. */
export function blockKey(id: BlockId): string {
  return bytesKey(id.bytes);
}
