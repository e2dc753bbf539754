import type { AssetId, HalfBlock, PublicKey } from '@edmp/interface';
import { publicKeyToHex } from '@edmp/interface';
import { integerOf, keyOf, listOf, mapOf, textOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';

/**
 * Name of a currency in memory: `DUM1`, `DUM2`, or the base32 text of the CID of the issuer's `market/currency`
 * block (DESIGN §4.1). The label of an issued currency is no name: two issuers may use the same one.
 */
export type CurrencyId = AssetId;

/** Free money to try things with: every key is granted some, so it is worth nothing. */
export interface TestCurrency {
  readonly kind: 'test';
  readonly id: 'DUM1' | 'DUM2';
  /** What people read. */
  readonly label: string;
  /** Decimals that a person sees; amounts are minor units throughout. */
  readonly precision: number;
  /** What every key may spend, minor units. */
  readonly grant: bigint;
}

/** Money that an issuer opened by a `market/currency` block and that its notaries move. */
export interface IssuedCurrency {
  readonly kind: 'issued';
  readonly id: CurrencyId;
  /** 2 … 12 upper-case letters and digits; only a label, shown with its issuer. */
  readonly label: string;
  /** Decimals that a person sees, 0 … 8. */
  readonly precision: number;
  /** Whose account is the mint. */
  readonly issuer: PublicKey;
  /** 1, 4 or 7 different statement keys, for good. */
  readonly notaries: readonly PublicKey[];
  /** The `market/currency` block; its core's CID is `id`. */
  readonly block: HalfBlock;
}

/** A kind of money that the ledger keeps. */
export type Currency = TestCurrency | IssuedCurrency;

/** How many notaries or witnesses there can be: n = 3f + 1. */
export type NotaryCount = 1 | 4 | 7;

/** Test currency: every key may spend 1 000. */
export const DUM1: TestCurrency = { kind: 'test', id: 'DUM1', label: 'DUM1', precision: 0, grant: 1_000n };
/** Test currency: every key may spend 10 000. */
export const DUM2: TestCurrency = { kind: 'test', id: 'DUM2', label: 'DUM2', precision: 0, grant: 10_000n };

/** Largest amount of money or licences in one order or block: 2⁶³−1. */
export const MAX_AMOUNT: bigint = 2n ** 63n - 1n;
/** Type of the source block that opens a currency. */
export const CURRENCY_TYPE = 'market/currency';
/** Most decimals of an issued currency. */
export const MAX_PRECISION = 8;

/** Base32 text of a CIDv1 of dag-cbor and sha2-256: 36 bytes of which the first four are fixed, in one spelling. */
const BLOCK_ID_TEXT = /^bafyrei[a-h][a-z2-7]{50}[aeimquy4]$/;
const LABEL = /^[A-Z][A-Z0-9]{1,11}$/;

/** Whether `id` is one of the two test currencies. */
export function isTestCurrency(id: string): id is TestCurrency['id'] {
  return id === 'DUM1' || id === 'DUM2';
}

/** Whether `text` has the form of an issued currency's id: the base32 CIDv1 of a dag-cbor block. */
export function isIssuedCurrency(text: string): boolean {
  return BLOCK_ID_TEXT.test(text);
}

/** Whether `text` can name a currency: a test currency or the CID of an issued one. */
export function isCurrencyId(text: unknown): text is CurrencyId {
  return typeof text === 'string' && (isTestCurrency(text) || isIssuedCurrency(text));
}

/** The test currency of a name, or undefined. */
export function testCurrency(id: string): TestCurrency | undefined {
  return id === 'DUM1' ? DUM1 : id === 'DUM2' ? DUM2 : undefined;
}

/** Whether `label` can name an issued currency to people: not a test currency's, nor one that reads like a data asset. */
export function isCurrencyLabel(label: string): boolean {
  return LABEL.test(label) && !isTestCurrency(label) && !label.startsWith('EW');
}

/** What a `market/currency` block says. */
export interface CurrencyTx {
  readonly label: string;
  readonly precision: number;
  readonly notaries: readonly PublicKey[];
}

function isNotaryCount(count: number): count is NotaryCount {
  return count === 1 || count === 4 || count === 7;
}

/** How many of `n` keys may lie: f of 3f + 1. */
export function faultsOf(n: NotaryCount): 0 | 1 | 2 {
  return n === 1 ? 0 : n === 4 ? 1 : 2;
}

/** How many of `n` keys make a certificate: 2f + 1. */
export function quorumOf(n: NotaryCount): 1 | 3 | 5 {
  return n === 1 ? 1 : n === 4 ? 3 : 5;
}

/** Quorum of a list of keys; undefined unless there are 1, 4 or 7. */
export function quorumOfKeys(keys: readonly PublicKey[]): number | undefined {
  return isNotaryCount(keys.length) ? quorumOf(keys.length) : undefined;
}

/** A list of different keys. Throws `ERR_MARKET_FORMAT`. */
export function distinctKeysOf(value: unknown, max: number, where: string): readonly PublicKey[] {
  const keys = listOf(value, max, where).map((key) => keyOf(key, where));
  if (new Set(keys.map(publicKeyToHex)).size !== keys.length) {
    throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected different keys, got one of them twice`);
  }
  return keys;
}

/** Transaction of a `market/currency` block. Throws `ERR_MARKET_FORMAT` unless it would be readable. */
export function currencyToTx(currency: CurrencyTx): {
  readonly v: 1;
  readonly label: string;
  readonly precision: number;
  readonly notaries: readonly PublicKey[];
} {
  const tx = { v: 1, ...currency, notaries: [...currency.notaries] } as const;
  decodeCurrencyTx(tx);
  return tx;
}

/** Reads the transaction of a `market/currency` block. Throws `ERR_MARKET_FORMAT`. */
export function decodeCurrencyTx(tx: unknown): CurrencyTx {
  const fields = mapOf(tx, ['v', 'label', 'precision', 'notaries'], 'currency');
  integerOf(fields.v, 1, 1, 'currency.v');
  const label = textOf(fields.label, 12, 'currency.label');
  if (!isCurrencyLabel(label)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `currency.label: expected 2 to 12 upper-case letters and digits, a letter first, other than DUM1, DUM2 or EW…, got ${JSON.stringify(label)}`,
    );
  }
  const notaries = distinctKeysOf(fields.notaries, 7, 'currency.notaries');
  if (!isNotaryCount(notaries.length)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `currency.notaries: expected 1, 4 or 7 keys, got ${notaries.length}`,
    );
  }
  return { label, precision: integerOf(fields.precision, 0, MAX_PRECISION, 'currency.precision'), notaries };
}

/**
 * Hex digits of an issuer's key that stand for it: 64 bits. Six digits take a second to find another key for; for sixteen
 * a billion keys a second would take five hundred years.
 */
const ISSUER_DIGITS = 16;

/**
 * Name of a currency for people, the same in every message and on every screen: an issued one bears the start of its
 * issuer's key, because anybody may use its label: `SUN·3f2a91c40b7de815`.
 */
export function currencyName(currency: Currency): string {
  if (currency.kind === 'test') return currency.label;
  return `${currency.label}·${publicKeyToHex(currency.issuer).slice(0, ISSUER_DIGITS)}`;
}

/** Currencies by their immutable block. */
const decoded = new WeakMap<HalfBlock, IssuedCurrency>();

/** The currency that a block opens. Throws `ERR_MARKET_FORMAT` unless it is a well-formed `market/currency` source block. */
export function currencyOfBlock(block: HalfBlock): IssuedCurrency {
  const known = decoded.get(block);
  if (known !== undefined) return known;
  const { core } = block;
  if (core.type !== CURRENCY_TYPE || core.peer !== null || core.link !== null) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `Expected a ${CURRENCY_TYPE} source block without peer and link, got one of type ${core.type}`,
    );
  }
  const currency: IssuedCurrency = {
    kind: 'issued',
    id: block.id.toString(),
    ...decodeCurrencyTx(core.tx),
    issuer: core.key,
    block,
  };
  decoded.set(block, currency);
  return currency;
}
