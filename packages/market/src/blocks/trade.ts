import { type Crypto, equalBytes, type HalfBlock, type PublicKey, type TxValue } from '@edmp/interface';
import { boundedBytesOf, bytesOf, integerOf, mapOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import type { Spending } from './spending.ts';
import { decodeTerms, type EncodedTerms, MAX_TERMS_BYTES, type Terms } from './terms.ts';
import { TRADE_TYPE } from './types.ts';

/** The seller's trade proposal: the terms and what was sealed for them (DESIGN §4.3 step 1). */
export interface TradeProposal {
  readonly block: HalfBlock;
  readonly encoded: EncodedTerms;
  /** `settlementRoot` of the ciphertext made for this trade, 32 bytes. */
  readonly root: Uint8Array;
}

/** Transaction of a trade proposal. */
export function tradeProposalToTx(encoded: EncodedTerms, root: Uint8Array): TxValue {
  return { v: 1, terms: encoded.bytes, root };
}

/** Decoded proposals by their immutable block. */
const decoded = new WeakMap<HalfBlock, TradeProposal>();

/**
 * Reads a trade proposal: by the seller of its terms, to their buyer. Throws `ERR_MARKET_FORMAT`, `ERR_ORDER_AMOUNT`
 * or `ERR_TRADE_TERMS`.
 */
export function tradeProposalOf(block: HalfBlock, crypto: Pick<Crypto, 'sha256'>): TradeProposal {
  const known = decoded.get(block);
  if (known !== undefined) return known;
  const { core } = block;
  if (core.type !== TRADE_TYPE || core.link !== null) {
    throw new MarketError('ERR_MARKET_FORMAT', `Expected a trade proposal, got a block of type ${core.type}`);
  }
  const fields = mapOf(core.tx, ['v', 'terms', 'root'], 'trade');
  integerOf(fields.v, 1, 1, 'trade.v');
  const encoded = decodeTerms(boundedBytesOf(fields.terms, MAX_TERMS_BYTES, 'trade.terms'), crypto);
  const { seller, buyer } = encoded.terms;
  if (!equalBytes(core.key, seller) || core.peer === null || !equalBytes(core.peer, buyer)) {
    throw new MarketError('ERR_TRADE_TERMS', 'Expected a proposal by the seller of its terms to their buyer');
  }
  const proposal = { block, encoded, root: bytesOf(fields.root, 32, 'trade.root') };
  decoded.set(block, proposal);
  return proposal;
}

function sameKeys(a: readonly PublicKey[] | null, b: readonly PublicKey[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((key, i) => equalBytes(key, b[i] ?? new Uint8Array(0)));
}

/**
 * Checks that a hold is what its proposal's terms ask for: by the buyer, to the seller, the same amount and currency,
 * deadlines and witnesses. Throws `ERR_TRADE_TERMS`.
 */
export function checkHold(spending: Spending, proposal: TradeProposal): void {
  const { hold, money, author } = spending;
  const { terms } = proposal.encoded;
  const mismatch = holdMismatch(hold, money, author, terms, proposal);
  if (mismatch !== undefined) {
    throw new MarketError('ERR_TRADE_TERMS', `Expected a hold as its terms say, got another ${mismatch}`);
  }
}

function holdMismatch(
  hold: Spending['hold'],
  money: Spending['money'],
  author: PublicKey,
  terms: Terms,
  proposal: TradeProposal,
): string | undefined {
  if (hold === null || !equalBytes(hold.proposal.bytes, proposal.block.id.bytes)) return 'proposal';
  if (!equalBytes(author, terms.buyer)) return 'buyer';
  if (money.to === null || !equalBytes(money.to, terms.seller)) return 'payee';
  if (money.currency !== terms.price.currency) return 'currency';
  if (money.pay !== terms.amount) return 'amount';
  if (hold.release !== terms.deadlines.release || hold.complain !== terms.deadlines.complain)
    return 'deadline';
  return sameKeys(hold.witnesses, terms.witnesses) ? undefined : 'list of witnesses';
}
