import { type AssetId, concatBytes } from '@edmp/interface';
import { base32 } from 'multiformats/bases/base32';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';

const DAG_CBOR = 0x71;
const SHA2_256 = 0x12;
/** What comes before the digest in the bytes of a block id: CID version 1, dag-cbor, SHA-256, 32 bytes. */
const PREFIX = Uint8Array.of(1, DAG_CBOR, SHA2_256, 32);

/** The block id with a SHA-256 digest. */
export function idOfDigest(digest: Uint8Array): CID {
  return CID.createV1(DAG_CBOR, createDigest(SHA2_256, digest.slice()));
}

/** Text of the block id with a SHA-256 digest. */
export function keyOfDigest(digest: Uint8Array): string {
  // The text of the id without the id: books name what they hold by digests, and say so in texts all day.
  return base32.encode(concatBytes(PREFIX, digest));
}

/** The SHA-256 digest in the text of a block id, or undefined when it is none. */
export function digestOfKey(key: string): Uint8Array | undefined {
  if (!/^bafyrei[a-h][a-z2-7]{50}[aeimquy4]$/.test(key)) return undefined;
  return base32.decode(key).subarray(PREFIX.length);
}

/** The SHA-256 digest in an asset id, or undefined when it names no dataset. */
export function digestOfAsset(asset: AssetId): Uint8Array | undefined {
  return asset.startsWith('EW') ? digestOfKey(asset.slice(2)) : undefined;
}
