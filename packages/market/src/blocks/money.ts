import { type BlockId, compareBytes, equalBytes, type PublicKey, type TxValue } from '@edmp/interface';
import { type CurrencyId, isTestCurrency, MAX_AMOUNT } from '../asset/currency.ts';
import {
  amountOf,
  amountToTx,
  blockIdOf,
  boundedBytesOf,
  integerOf,
  keyOf,
  listOf,
  mapOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { currencyIdOf, currencyIdToTx } from './price.ts';

/** Most claims in one spending block: what a notary looks up for one signature. */
export const MAX_CLAIMS = 64;
/** Largest certificate inside a claim, bytes: three shares are about 250, five about 390. */
export const MAX_CLAIM_CERTIFICATE_BYTES = 512;

/** An income or refund that a spending block takes: a transfer, or a hold. */
export interface Claim {
  /** The transfer's or hold's block. */
  readonly id: BlockId;
  /** Minor units, at least 1. */
  readonly amount: bigint;
  /** Encoded outcome certificate of a refund in test money; null in issued money, and for holds without witnesses. */
  readonly certificate: Uint8Array | null;
}

/** The money part of every spending block (DESIGN §4.4.1): an entry of the author's account in one currency. */
export interface Money {
  readonly currency: CurrencyId;
  /** Number among the author's spending blocks in this currency, first = 1. */
  readonly n: number;
  /** The spending block before; null only at n = 1. */
  readonly prev: BlockId | null;
  /** Sorted by the bytes of `id`, no id twice. */
  readonly claims: readonly Claim[];
  /** What goes out, minor units; 0 in claims. */
  readonly pay: bigint;
  /** Whom it goes to, never the author; null when `pay` is 0. */
  readonly to: PublicKey | null;
  /** What remains: balance before + claims − pay; below zero only for an issuer. */
  readonly balance: bigint;
}

const MONEY_FIELDS = ['currency', 'n', 'prev', 'claims', 'pay', 'to', 'balance'];

/** Money as a transaction value; sorts the claims. */
export function moneyToTx(money: Money): TxValue {
  return {
    currency: currencyIdToTx(money.currency),
    n: money.n,
    prev: money.prev,
    claims: sortClaims(money.claims).map(({ id, amount, certificate }) =>
      certificate === null ? [id, amountToTx(amount)] : [id, amountToTx(amount), certificate],
    ),
    pay: amountToTx(money.pay),
    to: money.to,
    balance: amountToTx(money.balance),
  };
}

/** Claims in the order in which a block lists them. */
export function sortClaims(claims: readonly Claim[]): readonly Claim[] {
  return claims.length < 2 ? claims : claims.toSorted((a, b) => compareBytes(a.id.bytes, b.id.bytes));
}

function claimOf(value: unknown): Claim {
  const items = listOf(value, 3, 'money.claims');
  if (items.length < 2) {
    throw new MarketError('ERR_MARKET_FORMAT', 'money.claims: expected an id, an amount and a certificate');
  }
  return {
    id: blockIdOf(items[0], 'money.claims.id'),
    amount: amountOf(items[1], 1n, 'money.claims.amount'),
    certificate:
      items.length === 2
        ? null
        : boundedBytesOf(items[2], MAX_CLAIM_CERTIFICATE_BYTES, 'money.claims.certificate'),
  };
}

const NO_CLAIMS: readonly Claim[] = [];

function claimsOf(value: unknown): readonly Claim[] {
  const items = listOf(value, MAX_CLAIMS, 'money.claims');
  if (items.length === 0) return NO_CLAIMS;
  const claims = items.map(claimOf);
  for (let i = 1; i < claims.length; i++) {
    const [before, claim] = [claims[i - 1], claims[i]];
    if (before !== undefined && claim !== undefined && compareBytes(before.id.bytes, claim.id.bytes) >= 0) {
      throw new MarketError('ERR_MARKET_FORMAT', 'money.claims: expected claims sorted by id, none twice');
    }
  }
  return claims;
}

/**
 * Money out of a decoded value, as far as one block by itself can be right. Throws `ERR_MARKET_FORMAT`.
 *
 * @param value - What a decoder made of a stranger's bytes; anything may be given.
 * @param author - Key that signed the block: whose money it is, and whom it cannot pay.
 */
export function moneyOf(value: unknown, author: PublicKey): Money {
  const fields = mapOf(value, MONEY_FIELDS, 'money');
  const currency = currencyIdOf(fields.currency, 'money.currency');
  const test = isTestCurrency(currency);
  const money: Money = {
    currency,
    n: integerOf(fields.n, 1, Number.MAX_SAFE_INTEGER, 'money.n'),
    prev: fields.prev === null ? null : blockIdOf(fields.prev, 'money.prev'),
    claims: claimsOf(fields.claims),
    pay: amountOf(fields.pay, 0n, 'money.pay'),
    to: fields.to === null ? null : keyOf(fields.to, 'money.to'),
    balance: amountOf(fields.balance, test ? 0n : -MAX_AMOUNT, 'money.balance'),
  };
  if ((money.prev === null) !== (money.n === 1)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `money.prev: expected null at number 1 and only there, got number ${money.n}`,
    );
  }
  if ((money.to === null) !== (money.pay === 0n)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      'money.to: expected a payee when something is paid, and only then',
    );
  }
  if (money.to !== null && equalBytes(money.to, author)) {
    throw new MarketError('ERR_MARKET_FORMAT', 'money.to: nobody pays itself');
  }
  if (!test && money.claims.some(({ certificate }) => certificate !== null)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      'money.claims: certificates travel beside the blocks in issued money, never in them',
    );
  }
  return money;
}
