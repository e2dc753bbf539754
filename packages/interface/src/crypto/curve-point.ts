import { isAcceptablePublicKey } from './strict-ed25519.ts';

/** p = 2²⁵⁵ − 19, the field of edwards25519 (RFC 8032 §5.1). */
const P = 2n ** 255n - 19n;
/** d of −x² + y² = 1 + d·x²·y² (RFC 8032 §5.1). */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/**
 * Whether an ed25519 public key may be used and is a point on the curve, so that somebody can have its secret key: what is
 * paid to half of all 32-byte strings, nobody can ever spend. x² = (y² − 1) / (d·y² + 1) must have a root (RFC 8032
 * §5.1.3), which Euler's criterion tells. Takes a fraction of a millisecond; variable time, for public values only.
 *
 * @param key - What a stranger gave as a key; any length may be given.
 */
export function isCurvePoint(key: Uint8Array): boolean {
  if (!isAcceptablePublicKey(key)) return false;
  let y = 0n;
  for (let i = 31; i >= 0; i--) y = (y << 8n) | BigInt((key[i] ?? 0) & (i === 31 ? 0x7f : 0xff));
  const yy = (y * y) % P;
  const squareOver = (yy - 1n + P) % P;
  const under = (D * yy + 1n) % P;
  // u/v and u·v are squares together. Zero stands for y = ±1, which is refused as of small order.
  return power((squareOver * under) % P, (P - 1n) / 2n) === 1n;
}
