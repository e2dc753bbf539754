import { bytesToHex, equalBytes, type PublicKey, publicKey } from '@edmp/interface';
import { isDisplayable } from '@edmp/interface/format';
import { decode, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { MAX_AMOUNT } from '../asset/currency.ts';
import { MarketError } from '../errors.ts';

/** A decoded dag-cbor map. */
export type Fields = Readonly<Record<string, unknown>>;

/** Text of an unknown value for error messages, short and without content of bytes. */
function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a map';
  return String(value);
}

function wrong(where: string, expected: string, value: unknown): MarketError {
  return new MarketError('ERR_MARKET_FORMAT', `${where}: expected ${expected}, got ${show(value)}`);
}

/** Canonical dag-cbor bytes of `value`. */
export function encodeCanonical(value: unknown): Uint8Array {
  return encode(value);
}

/** Value of canonical dag-cbor `bytes`, at most `maxBytes`. Throws `ERR_MARKET_FORMAT` on anything else, non-canonical forms included. */
export function decodeCanonical(bytes: Uint8Array, maxBytes: number, where: string): unknown {
  if (!(bytes instanceof Uint8Array)) throw wrong(where, 'bytes', bytes);
  if (bytes.length > maxBytes) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `${where}: expected at most ${maxBytes} bytes, got ${bytes.length}`,
    );
  }
  let value: unknown;
  let again: Uint8Array;
  try {
    value = decode(bytes);
    again = encode(value);
  } catch (cause) {
    throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected canonical dag-cbor`, { cause });
  }
  if (!equalBytes(bytes, again)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `${where}: expected canonical dag-cbor, got another encoding of the same value`,
    );
  }
  return value;
}

/** `value` as a map with exactly the keys of `names`. */
export function mapOf(value: unknown, names: readonly string[], where: string): Fields {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    value instanceof Uint8Array ||
    CID.asCID(value) !== null
  ) {
    throw wrong(where, 'a map', value);
  }
  const fields = value as Fields;
  for (const key of Object.keys(fields)) {
    if (!names.includes(key)) {
      throw new MarketError('ERR_MARKET_FORMAT', `${where}: unknown field ${show(key)}`);
    }
  }
  for (const name of names) {
    if (!Object.hasOwn(fields, name)) {
      throw new MarketError('ERR_MARKET_FORMAT', `${where}: the field ${name} is missing`);
    }
  }
  return fields;
}

/** `value` as a list of at most `max` items. */
export function listOf(value: unknown, max: number, where: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) throw wrong(where, `a list of at most ${max}`, value);
  return value;
}

/** A safe integer in [min, max]. */
export function integerOf(value: unknown, min: number, max: number, where: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw wrong(where, `an integer between ${min} and ${max}`, value);
  }
  return value;
}

/** An amount in [min, 2⁶³−1] of either integer form. */
export function amountOf(value: unknown, min: bigint, where: string): bigint {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    const amount = BigInt(value);
    if (amount >= min && amount <= MAX_AMOUNT) return amount;
  }
  throw wrong(where, `an integer between ${min} and 2⁶³−1`, value);
}

/** An amount in the form that encodes it: a number while safe. */
export function amountToTx(amount: bigint): number | bigint {
  return amount <= BigInt(Number.MAX_SAFE_INTEGER) && amount >= BigInt(Number.MIN_SAFE_INTEGER)
    ? Number(amount)
    : amount;
}

/** Text of at most `max` UTF-16 units. */
export function textOf(value: unknown, max: number, where: string): string {
  if (typeof value !== 'string' || value.length > max) {
    throw wrong(where, `text of at most ${max} characters`, value);
  }
  return value;
}

/** One line of at most `max` UTF-16 units that may be shown as it is. */
export function lineOf(value: unknown, max: number, where: string): string {
  if (typeof value === 'string' && value.length <= max && isDisplayable(value)) return value;
  throw wrong(where, `one displayable line of at most ${max} characters`, value);
}

/** One of the given texts. */
export function oneOf<T extends string>(value: unknown, choices: readonly T[], where: string): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(where, `one of ${choices.join(', ')}`, value);
  return found;
}

/** Exactly `length` bytes. */
export function bytesOf(value: unknown, length: number, where: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw wrong(where, `${length} bytes`, value);
  return value;
}

/** At most `max` bytes. */
export function boundedBytesOf(value: unknown, max: number, where: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length > max) throw wrong(where, `at most ${max} bytes`, value);
  return value;
}

/** A public key. */
export function keyOf(value: unknown, where: string): PublicKey {
  return publicKey(bytesOf(value, 32, where));
}

/** A CIDv1 of dag-cbor with sha2-256: the id of a block core or document. */
export function blockIdOf(value: unknown, where: string): CID {
  const cid = typeof value === 'object' && value !== null ? CID.asCID(value) : null;
  if (cid === null || cid.version !== 1 || cid.code !== 0x71 || cid.multihash.code !== 0x12) {
    throw wrong(where, 'a CIDv1 of dag-cbor with sha2-256', value);
  }
  return cid;
}

/** Any CIDv1 with sha2-256. */
export function linkOf(value: unknown, where: string): CID {
  const cid = typeof value === 'object' && value !== null ? CID.asCID(value) : null;
  if (cid === null || cid.version !== 1 || cid.multihash.code !== 0x12) {
    throw wrong(where, 'a CIDv1 with sha2-256', value);
  }
  return cid;
}

/** Lower-case hex of `bytes`, a map key. */
export const hex: (bytes: Uint8Array) => string = bytesToHex;
