import { type EdmpError, equalBytes } from '@edmp/interface';
import { decode, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';

/** Makes the error that a strict decoder throws; `message` continues "Expected …". */
export type FormatFailure = (message: string, cause?: unknown) => EdmpError;

/** Canonical dag-cbor of `value` (IPLD dag-cbor: sorted keys, shortest integers, no indefinite lengths). */
export function encodeCanonical(value: unknown): Uint8Array {
  const bytes = encode(value);
  // The codec may hand out a Node Buffer, whose `slice` shares memory: callers get a plain array.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Decodes dag-cbor and refuses anything but the one canonical encoding: what was decoded must encode to the same
 * bytes. Throws what `fail` makes.
 */
export function decodeCanonical(bytes: Uint8Array, maxBytes: number, fail: FormatFailure): unknown {
  if (!(bytes instanceof Uint8Array)) throw fail(`Expected bytes, got ${typeof bytes}`);
  if (bytes.length > maxBytes) throw fail(`Expected at most ${maxBytes} bytes, got ${bytes.length}`);
  let value: unknown;
  let again: Uint8Array;
  try {
    value = decode(bytes);
    again = encode(value);
  } catch (cause) {
    throw fail('Expected canonical dag-cbor', cause);
  }
  if (!equalBytes(bytes, again))
    throw fail('Expected canonical dag-cbor, got another encoding of the same value');
  return value;
}

/** A map with exactly `keys`. */
export function asMap<K extends string>(
  value: unknown,
  what: string,
  keys: readonly K[],
  fail: FormatFailure,
): Readonly<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw fail(`Expected ${what} to be a map`);
  }
  if (CID.asCID(value) !== null) throw fail(`Expected ${what} to be a map, got a link`);
  const found = Object.keys(value);
  if (found.length !== keys.length || !keys.every((key) => Object.hasOwn(value, key))) {
    throw fail(
      `Expected ${what} to have the fields ${keys.join(', ')}, got ${found.slice(0, 32).join(', ')}`,
    );
  }
  return value as Readonly<Record<K, unknown>>;
}

/** An integer in `min … max` that a JavaScript number holds exactly. */
export function asInteger(
  value: unknown,
  what: string,
  min: number,
  max: number,
  fail: FormatFailure,
): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw fail(`Expected ${what} to be an integer from ${min} to ${max}, got ${describe(value)}`);
  }
  return value;
}

/** Bytes of a length in `min … max`. */
export function asBytes(
  value: unknown,
  what: string,
  min: number,
  max: number,
  fail: FormatFailure,
): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
    const size = min === max ? `${min}` : `${min} to ${max}`;
    throw fail(
      `Expected ${what} to be ${size} bytes, got ${value instanceof Uint8Array ? value.length : describe(value)}`,
    );
  }
  return value;
}

/** `true` or `false`. */
export function asBoolean(value: unknown, what: string, fail: FormatFailure): boolean {
  if (typeof value !== 'boolean') throw fail(`Expected ${what} to be true or false, got ${describe(value)}`);
  return value;
}

/** Text of at most `max` UTF-16 units. */
export function asText(value: unknown, what: string, max: number, fail: FormatFailure): string {
  if (typeof value !== 'string' || value.length > max) {
    throw fail(`Expected ${what} to be text of at most ${max} characters, got ${describe(value)}`);
  }
  return value;
}

/** A list of at most `max` items. */
export function asList(value: unknown, what: string, max: number, fail: FormatFailure): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) {
    throw fail(`Expected ${what} to be a list of at most ${max} items, got ${describe(value)}`);
  }
  return value;
}

/** Short text of a value for an error message; never the content of bytes. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `text of ${value.length} characters`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? (value === null ? 'null' : 'a map or link') : String(value);
}
