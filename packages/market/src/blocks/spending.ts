import {
  type BlockId,
  equalBytes,
  type HalfBlock,
  type HalfBlockCore,
  type PublicKey,
  type PublicKeyHex,
  publicKeyToHex,
  type TxValue,
} from '@edmp/interface';
import { type Currency, distinctKeysOf, isTestCurrency, MAX_AMOUNT } from '../asset/currency.ts';
import { type Fields, integerOf, lineOf, mapOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { type Money, moneyOf, moneyToTx } from './money.ts';
import { CLAIM_TYPE, TRADE_TYPE, TRANSFER_TYPE } from './types.ts';

/** Most witnesses of a trade in test money. */
export const MAX_WITNESSES = 4;
/** Most characters of a transfer's memo, one displayable line. */
export const MAX_MEMO = 64;

/** What a hold says besides its money (DESIGN §4.3 step 2). */
export interface HoldPart {
  /** The seller's trade proposal that it agrees to. */
  readonly proposal: BlockId;
  /** Last moment for the release to reach a witness, ms. */
  readonly release: number;
  /** Last moment for a complaint to reach a witness, ms. */
  readonly complain: number;
  /** Statement keys of 0, 1 or 4 witnesses in test money; null in issued money, where they are the notaries. */
  readonly witnesses: readonly PublicKey[] | null;
}

/** A block that spends: an entry of its author's account in one currency. */
export interface Spending {
  readonly block: HalfBlock;
  readonly id: BlockId;
  /** Text of `id`, a map key. */
  readonly key: string;
  readonly author: PublicKey;
  readonly authorHex: PublicKeyHex;
  readonly kind: 'hold' | 'transfer' | 'claim';
  readonly money: Money;
  /** Only of holds. */
  readonly hold: HoldPart | null;
  /** Only of transfers: what the payer wrote. */
  readonly memo: string | null;
}

/** What one spending core says, without its block: for proofs that carry cores only. */
export type SpendingPart = Pick<Spending, 'kind' | 'money' | 'hold' | 'memo'>;

/**
 * Transaction of a transfer.
 *
 * @param memo - One displayable line, 64 characters at most; left out = none.
 */
export function transferToTx(money: Money, memo?: string): TxValue {
  return memo === undefined ? { v: 1, money: moneyToTx(money) } : { v: 1, money: moneyToTx(money), memo };
}

/** Transaction of a claim. */
export function claimToTx(money: Money): TxValue {
  return { v: 1, money: moneyToTx(money) };
}

/** Transaction of a hold, which answers the seller's proposal. */
export function holdToTx(money: Money, hold: Omit<HoldPart, 'proposal'>): TxValue {
  const common = { v: 1, money: moneyToTx(money), release: hold.release, complain: hold.complain };
  return hold.witnesses === null ? common : { ...common, witnesses: [...hold.witnesses] };
}

/** The named fields of a transaction of which the last may be missing. */
function fieldsOf(tx: TxValue, names: readonly string[], optional: string, where: string): Fields {
  const present = typeof tx === 'object' && tx !== null && !Array.isArray(tx) && Object.hasOwn(tx, optional);
  return mapOf(tx, present ? [...names, optional] : names, where);
}

function expectPeer(core: HalfBlockCore, key: PublicKey | null, what: string): void {
  if (key === null || core.peer === null || !equalBytes(core.peer, key)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `${what}: expected a block addressed to ${key === null ? 'a payee' : 'the one it pays'}`,
    );
  }
}

function expectLink(core: HalfBlockCore, answers: boolean, what: string): void {
  if ((core.link !== null) !== answers) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `${what}: expected ${answers ? 'an answer to a proposal' : 'a block that answers nothing'}`,
    );
  }
}

function transferOf(core: HalfBlockCore): SpendingPart {
  const fields = fieldsOf(core.tx, ['v', 'money'], 'memo', 'transfer');
  integerOf(fields.v, 1, 1, 'transfer.v');
  const money = moneyOf(fields.money, core.key);
  expectLink(core, false, 'transfer');
  expectPeer(core, money.to, 'transfer');
  const memo = fields.memo === undefined ? null : lineOf(fields.memo, MAX_MEMO, 'transfer.memo');
  return { kind: 'transfer', money, hold: null, memo };
}

function claimOf(core: HalfBlockCore): SpendingPart {
  const fields = mapOf(core.tx, ['v', 'money'], 'claim');
  integerOf(fields.v, 1, 1, 'claim.v');
  const money = moneyOf(fields.money, core.key);
  expectLink(core, false, 'claim');
  if (core.peer === null || !equalBytes(core.peer, core.key)) {
    throw new MarketError('ERR_MARKET_FORMAT', 'claim: expected a block to oneself');
  }
  if (money.pay !== 0n || money.claims.length === 0) {
    throw new MarketError('ERR_MARKET_FORMAT', 'claim: expected at least one claim and no payment');
  }
  return { kind: 'claim', money, hold: null, memo: null };
}

function witnessesOf(value: unknown): readonly PublicKey[] {
  const keys = distinctKeysOf(value, MAX_WITNESSES, 'hold.witnesses');
  if (keys.length !== 0 && keys.length !== 1 && keys.length !== 4) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `hold.witnesses: expected none, 1 or 4 keys, got ${keys.length}`,
    );
  }
  return keys;
}

function holdOf(core: HalfBlockCore): SpendingPart {
  const fields = fieldsOf(core.tx, ['v', 'money', 'release', 'complain'], 'witnesses', 'hold');
  integerOf(fields.v, 1, 1, 'hold.v');
  const money = moneyOf(fields.money, core.key);
  expectLink(core, true, 'hold');
  expectPeer(core, money.to, 'hold');
  const test = isTestCurrency(money.currency);
  if ((fields.witnesses !== undefined) !== test) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `hold.witnesses: expected ${test ? 'a list in test money' : 'none in issued money: its notaries are the witnesses'}`,
    );
  }
  const release = integerOf(fields.release, 1, Number.MAX_SAFE_INTEGER, 'hold.release');
  const complain = integerOf(fields.complain, 1, Number.MAX_SAFE_INTEGER, 'hold.complain');
  if (release >= complain || core.link === null) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      'hold: expected the release deadline before the complaint deadline',
    );
  }
  const witnesses = test ? witnessesOf(fields.witnesses) : null;
  return { kind: 'hold', money, hold: { proposal: core.link, release, complain, witnesses }, memo: null };
}

/** What a core spends; undefined for cores that spend nothing. Throws `ERR_MARKET_FORMAT`. */
export function spendingOfCore(core: HalfBlockCore): SpendingPart | undefined {
  switch (core.type) {
    case TRANSFER_TYPE:
      return transferOf(core);
    case CLAIM_TYPE:
      return claimOf(core);
    case TRADE_TYPE:
      return core.link === null ? undefined : holdOf(core);
    default:
      return undefined;
  }
}

/** Decoded spendings by their immutable block: rules, ledger, notary and trades all read the same one. */
const decoded = new WeakMap<HalfBlock, Spending>();

/** What a block spends; undefined for blocks that spend nothing. Throws `ERR_MARKET_FORMAT`. */
export function spendingOf(block: HalfBlock): Spending | undefined {
  const known = decoded.get(block);
  if (known !== undefined) return known;
  const part = spendingOfCore(block.core);
  if (part === undefined) return undefined;
  const author = block.core.key;
  const spending: Spending = {
    block,
    id: block.id,
    key: block.id.toString(),
    author,
    authorHex: publicKeyToHex(author),
    ...part,
  };
  decoded.set(block, spending);
  return spending;
}

/**
 * Name that at most one block of an author may carry: `spend/<currency>/<n>` (DESIGN §4.4.1); undefined for blocks
 * that spend nothing or cannot be read.
 */
export function spendingSlot(block: HalfBlock): string | undefined {
  try {
    const spending = spendingOf(block);
    return spending === undefined ? undefined : `spend/${spending.money.currency}/${spending.money.n}`;
  } catch {
    return undefined;
  }
}

function unfit(message: string): MarketError {
  return new MarketError('ERR_MONEY_SUCCESSION', message);
}

/**
 * Checks that `next` follows `previous` (null = nothing) in the author's account: number, link, and balance = balance
 * before + claims − pay, below zero for nobody but the issuer (DESIGN §4.4.1). Needs these two blocks only. That every
 * claim is due, and claimed once along the account, is for whoever keeps the account's claims: the ledger, the notary.
 *
 * Throws `ERR_MONEY_SUCCESSION`.
 */
export function checkSuccession(previous: Spending | null, next: Spending, currency: Currency): void {
  const { money } = next;
  if (money.currency !== currency.id) {
    throw unfit(`Expected a spending block in ${currency.id}, got one in ${money.currency}`);
  }
  if (previous === null) {
    if (money.n !== 1) throw unfit(`Expected number 1 to start the account, got ${money.n}`);
  } else {
    if (!equalBytes(previous.author, next.author) || previous.money.currency !== money.currency) {
      throw unfit('Expected two spending blocks of one author in one currency');
    }
    if (money.n !== previous.money.n + 1) {
      throw unfit(`Expected number ${previous.money.n + 1} after ${previous.money.n}, got ${money.n}`);
    }
    if (money.prev === null || !equalBytes(money.prev.bytes, previous.id.bytes)) {
      throw unfit(`Expected number ${money.n} to name ${previous.id}, got ${money.prev}`);
    }
  }
  const before = previous?.money.balance ?? (currency.kind === 'test' ? currency.grant : 0n);
  let balance = before - money.pay;
  for (const claim of money.claims) balance += claim.amount;
  if (money.balance !== balance) {
    throw unfit(`Expected a balance of ${balance} after number ${money.n}, got ${money.balance}`);
  }
  checkBalance(next, currency);
}

/** Checks that only an issuer's balance is below zero. Throws `ERR_MONEY_SUCCESSION`. */
export function checkBalance({ author, money }: Spending, currency: Currency): void {
  const mint = currency.kind === 'issued' && equalBytes(author, currency.issuer);
  if (money.balance < 0n && !(mint && money.balance >= -MAX_AMOUNT)) {
    throw unfit(`Number ${money.n} leaves ${money.balance}, and only an issuer's account goes below zero`);
  }
}
