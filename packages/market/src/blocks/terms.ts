import {
  type AssetId,
  type BlockId,
  type Crypto,
  equalBytes,
  type PublicKey,
  publicKeyToHex,
} from '@edmp/interface';
import { distinctKeysOf, isTestCurrency } from '../asset/currency.ts';
import { isAssetId } from '../asset/document.ts';
import { costOf, MAX_QUANTITY, type Price } from '../asset/price.ts';
import {
  amountOf,
  amountToTx,
  blockIdOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  hex,
  integerOf,
  keyOf,
  mapOf,
  textOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { priceOf, priceToTx } from './price.ts';
import { MAX_WITNESSES } from './spending.ts';

/** Text form of a trade's id: hex of SHA-256 over the canonical terms. */
export type TradeId = string;

/** Last moments of a trade's phases, ms since the epoch: accept < release < complain (DESIGN §4.3). */
export interface TradeDeadlines {
  /** Until when the proposal is an offer. */
  readonly accept: number;
  /** Until when the release has to reach the witnesses. */
  readonly release: number;
  /** Until when a complaint has to reach the witnesses. */
  readonly complain: number;
}

/** What the two sides of a trade agree on (DESIGN §4.3). */
export interface Terms {
  readonly ask: BlockId;
  readonly bid: BlockId;
  readonly seller: PublicKey;
  readonly buyer: PublicKey;
  readonly asset: AssetId;
  /** Licences. */
  readonly quantity: number;
  readonly price: Price;
  /** Money in all, minor units: exactly `costOf(price, quantity)`. */
  readonly amount: bigint;
  readonly deadlines: TradeDeadlines;
  /** How the content key is wrapped, 1 … 32 characters of `[a-z0-9-]`. */
  readonly suite: string;
  /** SHA-256 of the buyer's one-time public key, 32 bytes. */
  readonly recipient: Uint8Array;
  /** Statement keys of 0, 1 or 4 witnesses in test money; null in issued money, where they are the notaries. */
  readonly witnesses: readonly PublicKey[] | null;
  /** 16 bytes that make this trade's id unique. */
  readonly nonce: Uint8Array;
}

/** Terms with their exact bytes and id. */
export interface EncodedTerms {
  readonly terms: Terms;
  readonly bytes: Uint8Array;
  /** SHA-256 of `bytes`, 32 bytes. */
  readonly digest: Uint8Array;
  /** `digest` as hex. */
  readonly id: TradeId;
}

/** Largest encoding of terms, bytes. */
export const MAX_TERMS_BYTES = 2_048;
/** Form of the name of a key-wrapping suite. */
const SUITE = /^[a-z0-9-]{1,32}$/;

const FIELDS = [
  'v',
  'ask',
  'bid',
  'seller',
  'buyer',
  'asset',
  'quantity',
  'price',
  'amount',
  'deadlines',
  'suite',
  'recipient',
  'nonce',
];

/** Canonical bytes and id of terms. Throws as {@link decodeTerms} does. */
export function encodeTerms(terms: Terms, crypto: Pick<Crypto, 'sha256'>): EncodedTerms {
  const { accept, release, complain } = terms.deadlines;
  const bytes = encodeCanonical({
    v: 1,
    ask: terms.ask,
    bid: terms.bid,
    seller: terms.seller,
    buyer: terms.buyer,
    asset: terms.asset,
    quantity: terms.quantity,
    price: priceToTx(terms.price),
    amount: amountToTx(terms.amount),
    deadlines: { accept, release, complain },
    suite: terms.suite,
    recipient: terms.recipient,
    nonce: terms.nonce,
    ...(terms.witnesses === null ? {} : { witnesses: [...terms.witnesses] }),
  });
  return decodeTerms(bytes, crypto);
}

/** A suite's name. Throws `ERR_MARKET_FORMAT`. */
export function suiteOf(value: unknown, where: string): string {
  const suite = textOf(value, 32, where);
  if (!SUITE.test(suite)) {
    throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected lower-case letters, digits and hyphens`);
  }
  return suite;
}

function deadlinesOf(value: unknown): TradeDeadlines {
  const fields = mapOf(value, ['accept', 'release', 'complain'], 'terms.deadlines');
  const time = (name: 'accept' | 'release' | 'complain'): number =>
    integerOf(fields[name], 1, Number.MAX_SAFE_INTEGER, `terms.deadlines.${name}`);
  return { accept: time('accept'), release: time('release'), complain: time('complain') };
}

function assetOf(value: unknown): AssetId {
  const asset: string = textOf(value, 128, 'terms.asset');
  if (isAssetId(asset)) return asset;
  throw new MarketError('ERR_MARKET_FORMAT', `terms.asset: expected EW and a CID, got ${asset.slice(0, 80)}`);
}

/**
 * Reads terms strictly. Throws `ERR_MARKET_FORMAT`, `ERR_ORDER_AMOUNT` or `ERR_TRADE_TERMS`.
 *
 * @param bytes - What a stranger sent, 2 048 bytes at most; anything may be given.
 */
export function decodeTerms(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): EncodedTerms {
  const value = decodeCanonical(bytes, MAX_TERMS_BYTES, 'terms');
  const named = typeof value === 'object' && value !== null && Object.hasOwn(value, 'witnesses');
  const fields = mapOf(value, named ? [...FIELDS, 'witnesses'] : FIELDS, 'terms');
  integerOf(fields.v, 1, 1, 'terms.v');
  const terms: Terms = {
    ask: blockIdOf(fields.ask, 'terms.ask'),
    bid: blockIdOf(fields.bid, 'terms.bid'),
    seller: keyOf(fields.seller, 'terms.seller'),
    buyer: keyOf(fields.buyer, 'terms.buyer'),
    asset: assetOf(fields.asset),
    quantity: integerOf(fields.quantity, 1, MAX_QUANTITY, 'terms.quantity'),
    price: priceOf(fields.price, 'terms.price'),
    amount: amountOf(fields.amount, 1n, 'terms.amount'),
    deadlines: deadlinesOf(fields.deadlines),
    suite: suiteOf(fields.suite, 'terms.suite'),
    recipient: bytesOf(fields.recipient, 32, 'terms.recipient'),
    witnesses: named ? distinctKeysOf(fields.witnesses, MAX_WITNESSES, 'terms.witnesses') : null,
    nonce: bytesOf(fields.nonce, 16, 'terms.nonce'),
  };
  checkTerms(terms);
  const digest = crypto.sha256(bytes);
  return { terms, bytes, digest, id: hex(digest) };
}

function wrong(message: string): MarketError {
  return new MarketError('ERR_TRADE_TERMS', message);
}

function checkTerms(terms: Terms): void {
  const { accept, release, complain } = terms.deadlines;
  if (!(accept < release && release < complain)) {
    throw wrong('Expected deadlines in the order accept, release, complain');
  }
  const cost = costOf(terms.price, terms.quantity);
  if (terms.amount !== cost) {
    throw wrong(`Expected ${cost} for ${terms.quantity} licences, got ${terms.amount}`);
  }
  if (equalBytes(terms.seller, terms.buyer)) throw wrong('Expected two different parties');
  checkWitnesses(terms);
}

function checkWitnesses({ witnesses, price, seller, buyer }: Terms): void {
  const test = isTestCurrency(price.currency);
  if ((witnesses !== null) !== test) {
    throw wrong(
      test
        ? 'Expected the witnesses of a trade in test money'
        : 'Expected no witnesses in issued money: its notaries are the witnesses',
    );
  }
  if (witnesses === null) return;
  if (witnesses.length !== 0 && witnesses.length !== 1 && witnesses.length !== 4) {
    throw wrong(`Expected none, 1 or 4 witnesses, got ${witnesses.length}`);
  }
  const parties = [publicKeyToHex(seller), publicKeyToHex(buyer)];
  if (witnesses.some((witness) => parties.includes(publicKeyToHex(witness)))) {
    throw wrong('Expected witnesses that are no party of the trade');
  }
}
