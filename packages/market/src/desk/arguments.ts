import type { AbortOptions, BlockId, PublicKey } from '@edmp/interface';
import { isEdmpError, publicKeyToHex } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { type CurrencyId, isCurrencyId, MAX_AMOUNT } from '../asset/currency.ts';
import { type Price, price } from '../asset/price.ts';
import { keyOf, lineOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { callKeyOf } from '../records/once.ts';

/** What callers hand in is checked here, so that a wrong argument gives a typed error and never a TypeError of ours. */
function wrong(what: string, expected: string, value: unknown): MarketError {
  return new MarketError('ERR_MARKET_FORMAT', `${what}: expected ${expected}, got ${show(value)}`);
}

function show(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  return String(value);
}

/** `value` as an object whose fields can be read. Throws `ERR_MARKET_FORMAT`. */
export function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(what, 'an object', value);
  return value as Readonly<Record<string, unknown>>;
}

/** Options of a call that may wait; undefined stands for none. Throws `ERR_MARKET_FORMAT`. */
export function optionsOf<T extends AbortOptions>(
  value: T | undefined,
  what: string,
): Partial<T> & AbortOptions {
  if (value === undefined) return {} as Partial<T>;
  const { signal } = objectOf(value, what);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrong(`${what}.signal`, 'an AbortSignal', signal);
  }
  return value;
}

/** An idempotency key, or undefined. Throws `ERR_MARKET_FORMAT`. */
export function keyOption(options: { readonly key?: string | undefined }): string | undefined {
  return options.key === undefined ? undefined : callKeyOf(options.key);
}

/** `true` or `false`; undefined stands for false. Throws `ERR_MARKET_FORMAT`. */
export function flagOf(value: unknown, what: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw wrong(what, 'true or false', value);
  return value;
}

/** Text. Throws `ERR_MARKET_FORMAT`. */
export function textArgument(value: unknown, max: number, what: string): string {
  if (typeof value !== 'string' || value.length > max)
    throw wrong(what, `text of at most ${max} characters`, value);
  return value;
}

/** A whole number. Throws `code`, `ERR_MARKET_FORMAT` unless given. */
export function wholeArgument(value: unknown, min: number, max: number, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw wrong(what, `a whole number from ${min} to ${max}`, value);
  }
  return value;
}

/** An id of a block, as a CID or its text. Throws `ERR_MARKET_FORMAT`. */
export function blockIdArgument(value: unknown, what: string): BlockId {
  const cid = typeof value === 'string' ? parsed(value) : asCid(value);
  if (cid === undefined || cid.version !== 1 || cid.code !== 0x71 || cid.multihash.code !== 0x12) {
    throw wrong(what, 'the id of a block', value);
  }
  return cid;
}

function asCid(value: unknown): CID | undefined {
  try {
    return typeof value === 'object' && value !== null ? (CID.asCID(value) ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

function parsed(text: string): CID | undefined {
  try {
    return CID.parse(text);
  } catch {
    return undefined;
  }
}

/** A public key. Throws `ERR_MARKET_FORMAT`. */
export function publicKeyArgument(value: unknown, what: string): PublicKey {
  try {
    return keyOf(value, what);
  } catch (cause) {
    if (!isEdmpError(cause)) throw cause;
    throw new MarketError('ERR_MARKET_FORMAT', `${what}: expected a public key of 32 bytes`, { cause });
  }
}

/** A list of different public keys. Throws `ERR_MARKET_FORMAT`. */
export function publicKeysArgument(value: unknown, max: number, what: string): readonly PublicKey[] {
  if (!Array.isArray(value) || value.length > max)
    throw wrong(what, `a list of at most ${max} public keys`, value);
  const keys = value.map((key) => publicKeyArgument(key, what));
  if (new Set(keys.map(publicKeyToHex)).size !== keys.length)
    throw wrong(what, 'different keys', 'one of them twice');
  return keys;
}

/** Minor units of money, at least 1. Throws `ERR_ORDER_AMOUNT`. */
export function amountArgument(value: unknown, what: string): bigint {
  if (typeof value !== 'bigint' || value < 1n || value > MAX_AMOUNT) {
    throw new MarketError('ERR_ORDER_AMOUNT', `${what}: expected 1n … 2⁶³−1 minor units, got ${show(value)}`);
  }
  return value;
}

/** An id of a currency. Throws `ERR_MARKET_FORMAT`. */
export function currencyArgument(value: unknown, what: string): CurrencyId {
  if (!isCurrencyId(value)) throw wrong(what, 'DUM1, DUM2 or the id of an issued currency', value);
  return value;
}

/** A price in lowest terms. Throws `ERR_MARKET_FORMAT` and `ERR_ORDER_AMOUNT`. */
export function priceArgument(value: unknown, what: string): Price {
  const { currency, amount, per } = objectOf(value, what);
  const isNumber = (part: unknown): part is bigint | number =>
    typeof part === 'bigint' || typeof part === 'number';
  if (!isNumber(amount) || !isNumber(per)) throw wrong(what, 'a price made by price()', value);
  return price(currencyArgument(currency, `${what}.currency`), amount, per);
}

/** A listener. Throws `ERR_MARKET_FORMAT`. */
export function listenerArgument<T>(value: unknown, what: string): (event: T) => void {
  if (typeof value !== 'function') throw wrong(what, 'a function', value);
  return value as (event: T) => void;
}

/** A non-empty list of known texts, from one of them or a list. Throws `ERR_MARKET_FORMAT`. */
export function choicesArgument<T extends string>(
  value: unknown,
  known: readonly T[],
  what: string,
): readonly T[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = known.filter((choice) => list.includes(choice));
  if (list.length === 0 || found.length !== new Set(list).size)
    throw wrong(what, `of ${known.join(', ')}`, value);
  return found;
}

/** Runs a check of somebody else's that throws another package's errors; those become `ERR_MARKET_FORMAT` with their cause. */
export function asFormatError<T>(what: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof MarketError) throw cause;
    if (isEdmpError(cause))
      throw new MarketError('ERR_MARKET_FORMAT', `${what}: ${cause.message}`, { cause });
    if (cause instanceof TypeError || cause instanceof RangeError) {
      throw new MarketError('ERR_MARKET_FORMAT', `${what}: cannot be read`, { cause });
    }
    throw cause;
  }
}

/** Text that may be shown to people: one line, displayable. Throws `ERR_MARKET_FORMAT`. */
export function lineArgument(value: unknown, max: number, what: string): string {
  return asFormatError(what, () => lineOf(value, max, what));
}
