import { CID } from 'multiformats/cid';
import { Digest } from 'multiformats/hashes/digest';
import { CODEC_DAG_CBOR } from '../content-store.ts';

/** Multihash code of SHA2-256. */
export const SHA2_256 = 0x12;

/**
 * CID over 36 binary bytes that are known to be a CIDv1 of dag-cbor and sha2-256. A view: nothing is copied.
 *
 * @param bytes - 36 bytes that nobody changes afterwards.
 */
export function idOver(bytes: Uint8Array): CID {
  return new CID(1, CODEC_DAG_CBOR, new Digest(SHA2_256, 32, bytes.subarray(4), bytes.subarray(2)), bytes);
}
