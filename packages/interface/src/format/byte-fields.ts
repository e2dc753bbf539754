import { CID } from 'multiformats/cid';
import { CODEC_DAG_CBOR } from '../content-store.ts';
import { type PublicKey, publicKey } from '../keys.ts';
import { type FieldFailure, unexpected } from './failure.ts';
import { SHA2_256 } from './id.ts';

/** Byte strings, keys and links. */
export interface ByteReaders {
  /** Exactly `length` bytes. */
  bytesOf(value: unknown, length: number, where: string): Uint8Array;
  /** Bytes of a length from `min` (default 0) to `max`. */
  boundedBytesOf(value: unknown, max: number, where: string, min?: number): Uint8Array;
  /** A public key, 32 bytes. */
  keyOf(value: unknown, where: string): PublicKey;
  /** A CIDv1 of dag-cbor with a full sha2-256 digest: the id of a block core or a document. */
  blockIdOf(value: unknown, where: string): CID;
  /** A CIDv1 with a full sha2-256 digest, of whatever codec. */
  linkOf(value: unknown, where: string): CID;
}

function shaLink(value: unknown): CID | undefined {
  const cid = typeof value === 'object' && value !== null ? CID.asCID(value) : null;
  const fits =
    cid !== null && cid.version === 1 && cid.multihash.code === SHA2_256 && cid.multihash.size === 32;
  return fits ? cid : undefined;
}

/** {@link ByteReaders} that throw what `fail` makes. */
export function byteReaders(fail: FieldFailure): ByteReaders {
  const bytesOf = (value: unknown, length: number, where: string): Uint8Array => {
    if (value instanceof Uint8Array && value.length === length) return value;
    throw unexpected(fail, where, `${length} bytes`, value);
  };
  return {
    bytesOf,
    boundedBytesOf(value, max, where, min = 0) {
      if (value instanceof Uint8Array && value.length >= min && value.length <= max) return value;
      throw unexpected(fail, where, min === 0 ? `at most ${max} bytes` : `${min} to ${max} bytes`, value);
    },
    keyOf: (value, where) => publicKey(bytesOf(value, 32, where)),
    blockIdOf(value, where) {
      const cid = shaLink(value);
      if (cid?.code === CODEC_DAG_CBOR) return cid;
      throw unexpected(fail, where, 'a CIDv1 of dag-cbor with sha2-256', value);
    },
    linkOf(value, where) {
      const cid = shaLink(value);
      if (cid !== undefined) return cid;
      throw unexpected(fail, where, 'a CIDv1 with sha2-256', value);
    },
  };
}
