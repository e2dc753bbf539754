import { concatBytes, type TxValue } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeCanonical } from '@edmp/interface/format';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';

const crypto = nodeCrypto({ threads: false });

/** CIDv1 of dag-cbor and sha2-256. */
export const cidOf = (bytes: Uint8Array): CID => CID.createV1(0x71, create(0x12, crypto.sha256(bytes)));

/** Canonical bytes of anything at all. */
export const coded = (value: unknown): Uint8Array => encodeCanonical(value as TxValue);

/** A map of at most 23 entries in just this order, canonical or not. */
export const mapOf = (entries: readonly (readonly [string, unknown])[]): Uint8Array =>
  concatBytes(
    Uint8Array.of(0xa0 | entries.length),
    ...entries.flatMap(([name, value]) => [coded(name), coded(value)]),
  );

/** `innermost` inside `depth` lists or maps. */
export function nested(depth: number, innermost: unknown, list: boolean): unknown {
  let value = innermost;
  for (let n = 0; n < depth; n++) value = list ? [value] : { a: value };
  return value;
}
