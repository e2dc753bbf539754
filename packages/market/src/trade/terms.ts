import {
  type AssetId,
  type BlockId,
  type Crypto,
  concatBytes,
  type PublicKey,
  type SettlementTrade,
  type Signature,
  type Signer,
  utf8ToBytes,
} from '@edmp/interface';
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
  listOf,
  mapOf,
  textOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import type { TradeDeadlines, TradeId } from '../market.ts';
import { priceOf, priceToTx } from '../order/signed-order.ts';

/** What both sides of a trade sign (DESIGN §4.3). */
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
  /** Buyer's one-time X25519 key, 32 bytes. */
  readonly recipientKey: Uint8Array;
  /** Who may attest the time of the key release, at most 4 and neither party. */
  readonly witnesses: readonly PublicKey[];
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
/** Most witnesses of one trade. */
export const MAX_WITNESSES = 4;

const LABEL = utf8ToBytes('edmp/market/terms/v1');

/** Canonical bytes and id of terms. */
export function encodeTerms(terms: Terms, crypto: Pick<Crypto, 'sha256'>): EncodedTerms {
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
    deadlines: { ...terms.deadlines },
    recipientKey: terms.recipientKey,
    witnesses: [...terms.witnesses],
    nonce: terms.nonce,
  });
  return decodeTerms(bytes, crypto);
}

/** Reads terms strictly. Throws `ERR_MARKET_FORMAT`, `ERR_ORDER_AMOUNT` or `ERR_TRADE_TERMS`. */
export function decodeTerms(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): EncodedTerms {
  const fields = mapOf(
    decodeCanonical(bytes, MAX_TERMS_BYTES, 'terms'),
    [
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
      'recipientKey',
      'witnesses',
      'nonce',
    ],
    'terms',
  );
  integerOf(fields.v, 1, 1, 'terms.v');
  const asset: string = textOf(fields.asset, 128, 'terms.asset');
  if (!isAssetId(asset)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `terms.asset: expected EW and a CID, got ${asset.slice(0, 80)}`,
    );
  }
  const phases = mapOf(fields.deadlines, ['deliver', 'accept', 'release', 'complain'], 'terms.deadlines');
  const time = (value: unknown, where: string): number =>
    integerOf(value, 1, Number.MAX_SAFE_INTEGER, `terms.deadlines.${where}`);
  const terms: Terms = {
    ask: blockIdOf(fields.ask, 'terms.ask'),
    bid: blockIdOf(fields.bid, 'terms.bid'),
    seller: keyOf(fields.seller, 'terms.seller'),
    buyer: keyOf(fields.buyer, 'terms.buyer'),
    asset,
    quantity: integerOf(fields.quantity, 1, MAX_QUANTITY, 'terms.quantity'),
    price: priceOf(fields.price, 'terms.price'),
    amount: amountOf(fields.amount, 1n, 'terms.amount'),
    deadlines: {
      deliver: time(phases.deliver, 'deliver'),
      accept: time(phases.accept, 'accept'),
      release: time(phases.release, 'release'),
      complain: time(phases.complain, 'complain'),
    },
    recipientKey: bytesOf(fields.recipientKey, 32, 'terms.recipientKey'),
    witnesses: listOf(fields.witnesses, MAX_WITNESSES, 'terms.witnesses').map((key) =>
      keyOf(key, 'terms.witnesses'),
    ),
    nonce: bytesOf(fields.nonce, 16, 'terms.nonce'),
  };
  checkTerms(terms);
  const digest = crypto.sha256(bytes);
  return { terms, bytes, digest, id: hex(digest) };
}

function checkTerms(terms: Terms): void {
  const { deliver, accept, release, complain } = terms.deadlines;
  if (!(deliver < accept && accept < release && release < complain)) {
    throw new MarketError(
      'ERR_TRADE_TERMS',
      'Expected deadlines in the order deliver, accept, release, complain',
    );
  }
  if (terms.amount !== costOf(terms.price, terms.quantity)) {
    throw new MarketError(
      'ERR_TRADE_TERMS',
      `Expected ${costOf(terms.price, terms.quantity)} for ${terms.quantity} licences, got ${terms.amount}`,
    );
  }
  const parties = new Set([hex(terms.seller), hex(terms.buyer)]);
  if (parties.size !== 2) throw new MarketError('ERR_TRADE_TERMS', 'Expected two different parties');
  for (const witness of terms.witnesses) {
    const name = hex(witness);
    if (parties.has(name)) {
      throw new MarketError('ERR_TRADE_TERMS', 'Expected witnesses that are neither party nor named twice');
    }
    parties.add(name);
  }
}

function message(digest: Uint8Array): Uint8Array {
  return concatBytes(LABEL, digest);
}

/** ed25519 over `"edmp/market/terms/v1" ‖ SHA-256(terms)`. */
export function signTerms(encoded: EncodedTerms, signer: Signer): Promise<Signature> {
  return signer.sign(message(encoded.digest));
}

/** Whether `signature` over the terms is `by`'s. */
export function verifyTerms(
  encoded: EncodedTerms,
  signature: Signature,
  by: PublicKey,
  crypto: Pick<Crypto, 'ed25519Verify'>,
): boolean {
  return crypto.ed25519Verify(signature, message(encoded.digest), by);
}

/** What a settlement needs to know of the trade. */
export function settlementTrade(encoded: EncodedTerms): SettlementTrade {
  const { terms } = encoded;
  return {
    tradeId: encoded.digest,
    asset: terms.asset,
    seller: terms.seller,
    buyer: terms.buyer,
    recipientKey: terms.recipientKey,
  };
}
