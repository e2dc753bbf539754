import { bytesToHex, hexToBytes } from '../bytes.ts';

/**
 * y-coordinates (sign bit cleared) of all encodings of the eight points of small order, canonical or not:
 * y in {1, −1, 0, ±y₈} and the non-canonical forms p and p + 1 of 0 and 1 (RFC 8032 §5.1).
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

/** Second bytes of {@link SMALL_ORDER}: nearly every other point is told apart by this one byte. */
const SMALL_ORDER_SECOND_BYTES = new Set([0x00, 0xff, 0xe8, 0x17]);

/** Order L of the prime-order group, little-endian (RFC 8032 §5.1). */
const ORDER = hexToBytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** Whether the y-coordinate of an encoded point is at least p = 2²⁵⁵ − 19, i.e. the encoding is not canonical (RFC 8032 §5.1.3). */
function isNonCanonical(point: Uint8Array): boolean {
  if (((point[31] ?? 0) & 0x7f) !== 0x7f || (point[0] ?? 0) < 0xed) return false;
  for (let i = 1; i < 31; i++) if (point[i] !== 0xff) return false;
  return true;
}

/** Whether 32 bytes encode no point in another form than the canonical one, and none of small order. */
function isAcceptablePoint(point: Uint8Array): boolean {
  if (isNonCanonical(point)) return false;
  if (!SMALL_ORDER_SECOND_BYTES.has(point[1] ?? 0)) return true;
  const cleared = point.slice();
  cleared[31] = (point[31] ?? 0) & 0x7f;
  return !SMALL_ORDER.has(bytesToHex(cleared));
}

/** Whether a 32-byte little-endian scalar is below L. */
function isReduced(scalar: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (scalar[i] ?? 0) - (ORDER[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * Whether an ed25519 public key may be used at all: 32 bytes, canonical, not of small order. Says nothing about
 * whether it is a point on the curve.
 *
 * Every crypto provider must ask this and {@link isAcceptableSignature} before it verifies, because libraries and
 * their versions differ here: Node refuses small orders since 2026 (nodejs/node#64026) and accepted them before,
 * WebCrypto and libsodium refuse them, RFC 8032 itself does not.
 *
 * @param key - What a stranger gave as a key; any length may be given.
 */
export function isAcceptablePublicKey(key: Uint8Array): boolean {
  return key instanceof Uint8Array && key.length === 32 && isAcceptablePoint(key);
}

/**
 * Whether a signature may be valid at all: 64 bytes, `R` canonical and not of small order, `S` < L (RFC 8032 §5.1.7).
 *
 * @param signature - What a stranger gave as a signature; any length may be given.
 */
export function isAcceptableSignature(signature: Uint8Array): boolean {
  if (!(signature instanceof Uint8Array) || signature.length !== 64) return false;
  return isReduced(signature.subarray(32)) && isAcceptablePoint(signature.subarray(0, 32));
}
