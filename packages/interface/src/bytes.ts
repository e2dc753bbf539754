import { InvalidArgumentError } from './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const HEX_CODES = utf8ToBytes('0123456789abcdef');
/** Bytes that become text in one call: engines bound the arguments of a call. */
const HEX_AT_ONCE = 4_096;

/**
 * UTF-8 bytes of `text`.
 *
 * @example
 * ```ts
 * import { utf8ToBytes } from '@edmp/interface';
 *
 * console.log(utf8ToBytes('kWh').length); // 3
 * ```
 */
export function utf8ToBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of UTF-8 `bytes`. Throws `ERR_INVALID_ARGUMENT` when they are not well-formed UTF-8. */
export function bytesToUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new InvalidArgumentError('Expected well-formed UTF-8', { cause });
  }
}

/**
 * Lower-case hexadecimal text of `bytes`.
 *
 * @example
 * ```ts
 * import { bytesToHex } from '@edmp/interface';
 *
 * console.log(bytesToHex(Uint8Array.of(1, 255))); // 01ff
 * ```
 */
export function bytesToHex(bytes: Uint8Array): string {
  if (bytes.length <= HEX_AT_ONCE) return hexOf(bytes);
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += HEX_AT_ONCE)
    parts.push(hexOf(bytes.subarray(start, start + HEX_AT_ONCE)));
  return parts.join('');
}

// One call with all units: a text put together byte by byte stays a tree of its parts, 873 bytes for a key instead of 89.
function hexOf(bytes: Uint8Array): string {
  const units = new Array<number>(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    units[2 * i] = HEX_CODES[byte >> 4] ?? 0;
    units[2 * i + 1] = HEX_CODES[byte & 15] ?? 0;
  }
  return String.fromCharCode.apply(null, units);
}

/**
 * Bytes of hexadecimal `text` (either case). Throws `ERR_INVALID_ARGUMENT` on odd length or other characters.
 *
 * @example
 * ```ts
 * import { hexToBytes } from '@edmp/interface';
 *
 * console.log(hexToBytes('01ff')); // 1,255
 * ```
 */
export function hexToBytes(text: string): Uint8Array {
  if (typeof text !== 'string' || text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new InvalidArgumentError(
      `Expected an even number of hexadecimal characters, got ${JSON.stringify(text)?.slice(0, 80)}`,
    );
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/**
 * One array with all `parts` after each other.
 *
 * @example
 * ```ts
 * import { concatBytes } from '@edmp/interface';
 *
 * console.log(concatBytes(Uint8Array.of(1), Uint8Array.of(2, 3))); // 1,2,3
 * ```
 */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/**
 * Whether two arrays hold the same bytes. Not constant-time: for public values only.
 *
 * @param a - One array.
 * @param b - The other one; a different length is a difference.
 *
 * @example
 * ```ts
 * import { equalBytes } from '@edmp/interface';
 *
 * console.log(equalBytes(Uint8Array.of(1), Uint8Array.of(1))); // true
 * ```
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Order of two arrays as unsigned bytes, shorter first on a tie: negative, 0 or positive.
 *
 * @param a - One array.
 * @param b - The other one; the result is negative when `a` comes first.
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/**
 * Big-endian 32-bit unsigned integer. Throws `ERR_INVALID_ARGUMENT` outside 0 … 2³²−1.
 *
 * @param value - A whole number from 0 to 2³²−1.
 */
export function uint32ToBytes(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new InvalidArgumentError(`Expected an unsigned 32-bit integer, got ${value}`);
  }
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}
