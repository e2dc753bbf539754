import { CODEC_DAG_CBOR, CODEC_RAW, type Crypto, equalBytes } from '@edmp/interface';
import { SHA2_256 } from '@edmp/interface/format';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { ContentError } from '../errors.ts';

/** Largest block that a store takes, bytes: bitswap's limit is 2 MiB a message, so stay well below. */
export const MAX_CONTENT_BLOCK_BYTES: number = 1 << 20;
/** Largest block that a read accepts unless told otherwise, bytes. */
export const MAX_READ_BYTES: number = 2 << 20;

/**
 * CIDv1 of bytes whose SHA-256 is `digest`.
 *
 * @param codec - What the bytes are: raw (0x55) or dag-cbor (0x71).
 */
export function cidOfDigest(codec: typeof CODEC_RAW | typeof CODEC_DAG_CBOR, digest: Uint8Array): CID {
  return CID.createV1(codec, createDigest(SHA2_256, digest));
}

/**
 * CIDv1 (sha2-256) of `bytes`.
 *
 * @param codec - What the bytes are: raw (0x55) or dag-cbor (0x71).
 *
 * @example
 * ```ts
 * import { cidOf } from '@edmp/data-settlement/content';
 * import { CODEC_RAW } from '@edmp/interface';
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 *
 * console.log(cidOf(nodeCrypto(), CODEC_RAW, new Uint8Array()).toString().slice(0, 7)); // bafkrei
 * ```
 */
export function cidOf(
  crypto: Pick<Crypto, 'sha256'>,
  codec: typeof CODEC_RAW | typeof CODEC_DAG_CBOR,
  bytes: Uint8Array,
): CID {
  return cidOfDigest(codec, crypto.sha256(bytes));
}

/** Whether `cid` is CIDv1, raw or dag-cbor, with a full sha2-256 digest: the only kind this package handles. */
export function isSupportedCid(cid: CID): boolean {
  return (
    cid.version === 1 &&
    (cid.code === CODEC_RAW || cid.code === CODEC_DAG_CBOR) &&
    cid.multihash.code === SHA2_256 &&
    cid.multihash.digest.length === 32
  );
}

/**
 * Throws `ERR_CONTENT_CODEC` unless {@link isSupportedCid}. Identity CIDs in particular are refused.
 *
 * @param cid - What a stranger gave as a CID; anything may be given.
 */
export function expectSupportedCid(cid: CID): void {
  const known = CID.asCID(cid);
  if (known === null || !isSupportedCid(known)) {
    throw new ContentError(
      'ERR_CONTENT_CODEC',
      `Expected a CIDv1 of raw or dag-cbor bytes with a sha2-256 hash, got ${known === null ? typeof cid : known.toString().slice(0, 120)}`,
    );
  }
}

/** Checks `bytes` against `cid`. Throws `ERR_CONTENT_CODEC` or `ERR_CONTENT_HASH`. */
export function verifyBlock(crypto: Pick<Crypto, 'sha256'>, cid: CID, bytes: Uint8Array): void {
  expectSupportedCid(cid);
  if (!equalBytes(crypto.sha256(bytes), cid.multihash.digest)) {
    throw new ContentError(
      'ERR_CONTENT_HASH',
      `The ${bytes.length} bytes read for ${cid} have another hash: the copy is damaged or forged, fetch it elsewhere`,
      { details: { cid: cid.toString() } },
    );
  }
}
