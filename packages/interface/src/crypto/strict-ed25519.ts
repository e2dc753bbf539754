import { bytesToHex } from '../bytes.ts';

/**
 * y-coordinates (sign bit cleared) of the encodings of the eight points of small order, canonical or not
 * (orders 1, 2, 4, 8; RFC 8032 §5.1, y in {1, −1, 0, ±y₈} and the non-canonical p, p+1 forms).
 */
const SMALL_ORDER = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** 2²⁵⁵ − 19 in little-endian bytes. */
const PRIME = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xed : i === 31 ? 0x7f : 0xff));

/** Whether the y-coordinate of an encoded point is at least p, i.e. the encoding is not canonical (RFC 8032 §5.1.3). */
function isNonCanonical(key: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = i === 31 ? (key[i] ?? 0) & 0x7f : (key[i] ?? 0);
    const prime = PRIME[i] ?? 0;
    if (byte !== prime) return byte > prime;
  }
  return true;
}

/** Whether a public key may be used at all: 32 bytes, canonical, not of small order. The same rule for every provider. */
export function isAcceptablePublicKey(key: Uint8Array): boolean {
  if (!(key instanceof Uint8Array) || key.length !== 32 || isNonCanonical(key)) return false;
  const last = key[31] ?? 0;
  if (last < 0x80 && key[1] !== 0 && key[1] !== 0xff && key[1] !== 0xe8 && key[1] !== 0x17) return true;
  const cleared = key.slice();
  cleared[31] = last & 0x7f;
  return !SMALL_ORDER.has(bytesToHex(cleared));
}
