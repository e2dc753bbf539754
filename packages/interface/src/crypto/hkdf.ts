import { concatBytes } from '../bytes.ts';
import { InvalidArgumentError } from '../errors.ts';
import { expectBytes } from './errors.ts';

const HASH_LENGTH = 32;
const MAX_LENGTH = 255 * HASH_LENGTH;

/** HKDF-Expand (RFC 5869 §2.3) over any HMAC-SHA-256. Throws `ERR_INVALID_ARGUMENT` unless 0 ≤ `length` ≤ 8160. */
export function hkdfExpand(
  hmacSha256: (key: Uint8Array, data: Uint8Array) => Uint8Array,
  pseudoRandomKey: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  expectBytes('HKDF info', info);
  if (!Number.isInteger(length) || length < 0 || length > MAX_LENGTH) {
    throw new InvalidArgumentError(`HKDF-SHA-256 gives 0 to ${MAX_LENGTH} bytes, asked for ${length}`);
  }
  const out = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let offset = 0, i = 1; offset < length; offset += HASH_LENGTH, i++) {
    block = hmacSha256(pseudoRandomKey, concatBytes(block, info, Uint8Array.of(i)));
    out.set(block.subarray(0, Math.min(HASH_LENGTH, length - offset)), offset);
  }
  return out;
}
