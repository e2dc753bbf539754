import { concatBytes, utf8ToBytes } from '../bytes.ts';
import type { Crypto } from '../crypto/types.ts';

const VERSION = utf8ToBytes('HPKE-v1');

/** No bytes. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** The primitives that HPKE is built from. */
export type HpkeCrypto = Pick<
  Crypto,
  | 'hkdfExtract'
  | 'hkdfExpand'
  | 'x25519'
  | 'x25519PublicKey'
  | 'xWing'
  | 'chacha20Poly1305Seal'
  | 'chacha20Poly1305Open'
>;

/** LabeledExtract of RFC 9180 §4. */
export function labeledExtract(
  crypto: Pick<Crypto, 'hkdfExtract'>,
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  ikm: Uint8Array,
): Uint8Array {
  return crypto.hkdfExtract(salt, concatBytes(VERSION, suite, utf8ToBytes(label), ikm));
}

/** LabeledExpand of RFC 9180 §4. */
export function labeledExpand(
  crypto: Pick<Crypto, 'hkdfExpand'>,
  suite: Uint8Array,
  key: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const prefix = concatBytes(Uint8Array.of(length >>> 8, length & 255), VERSION, suite, utf8ToBytes(label));
  return crypto.hkdfExpand(key, concatBytes(prefix, info), length);
}
