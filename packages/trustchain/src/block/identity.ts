import { type BlockId, CODEC_DAG_CBOR, type Crypto } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { Digest } from 'multiformats/hashes/digest';

/** Multihash code of SHA2-256. */
const SHA2_256 = 0x12;
/** First bytes of every block id: CIDv1, dag-cbor, sha2-256, 32 bytes. */
const PREFIX = Uint8Array.of(1, CODEC_DAG_CBOR, SHA2_256, 32);
const MULTIHASH_PREFIX = PREFIX.subarray(2);
/** Length of a block id in bytes. */
export const BLOCK_ID_BYTES = 36;

/** Block id whose SHA-256 digest is `digest` (32 bytes). */
export function blockIdFromDigest(digest: Uint8Array): BlockId {
  // Three small arrays cost less than views, which would move each one's bytes out of the JavaScript heap.
  const bytes = new Uint8Array(BLOCK_ID_BYTES);
  bytes.set(PREFIX);
  bytes.set(digest, PREFIX.length);
  const multihash = new Uint8Array(BLOCK_ID_BYTES - 2);
  multihash.set(MULTIHASH_PREFIX);
  multihash.set(digest, MULTIHASH_PREFIX.length);
  const hash = new Uint8Array(32);
  hash.set(digest);
  return new CID(1, CODEC_DAG_CBOR, new Digest(SHA2_256, 32, hash, multihash), bytes);
}

/** Block id of 36 binary bytes; undefined unless they are a CIDv1, dag-cbor, sha2-256. */
export function blockIdFromBytes(bytes: Uint8Array): BlockId | undefined {
  if (bytes.length !== BLOCK_ID_BYTES) return undefined;
  for (let i = 0; i < PREFIX.length; i++) if (bytes[i] !== PREFIX[i]) return undefined;
  return blockIdFromDigest(bytes.subarray(PREFIX.length));
}

/** Identity of canonical dag-cbor bytes: CIDv1, dag-cbor, sha2-256. */
export function identify(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): BlockId {
  return blockIdFromDigest(crypto.sha256(bytes));
}

/** Whether a CID has the form of a block id. */
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
  let key = '';
  for (let i = 0; i < bytes.length; i += 2) {
    key += String.fromCharCode(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  }
  return key;
}

/** {@link bytesKey} of a block id. */
export function blockKey(id: BlockId): string {
  return bytesKey(id.bytes);
}
