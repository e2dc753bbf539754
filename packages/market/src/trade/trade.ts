import type {
  BlockId,
  DatasetDocument,
  HalfBlock,
  JudgedTrade,
  PublicKey,
  SealedDelivery,
  SettlementTrade,
} from '@edmp/interface';
import type { SignedOrder } from '../blocks/order.ts';
import type { ReleaseTx } from '../blocks/release.ts';
import type { Spending } from '../blocks/spending.ts';
import type { EncodedTerms, TradeId } from '../blocks/terms.ts';
import type { TradeProposal } from '../blocks/trade.ts';
import { MarketError } from '../errors.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { Decline } from './messages.ts';
import type { TradeRole, TradeState } from './states.ts';

/** A release with what opens its lock: only both together give the key (the block alone may be gossiped). */
export interface ShownRelease {
  readonly block: HalfBlock;
  readonly tx: ReleaseTx;
  /** 32 bytes whose SHA-256 is the release's `lock`. */
  readonly opener: Uint8Array;
  /** The content key wrapped to the buyer's one-time key. */
  readonly wrapped: Uint8Array;
}

/** One thing that happened in a trade. */
export interface TradeStep {
  readonly state: TradeState;
  /** ms since the epoch, on this node's clock. */
  readonly time: number;
  /** The block that took the trade here; null for steps that leave no block. */
  readonly block: BlockId | null;
  /** Who signed it. */
  readonly signer: PublicKey | null;
}

/** Why a trade ended without success. */
export interface TradeFailure {
  /** Stable code, such as `ERR_TRADE_LATE`. */
  readonly code: string;
  readonly reason: string;
}

/** The seller's offer: its signed trade proposal, and where the ciphertext made for this trade is. */
export interface TradeOffer {
  readonly proposal: TradeProposal;
  readonly delivery: SealedDelivery;
}

/** What a seller wrote down before it signed its one release (two would be equivocation). */
export interface ReleaseDraft {
  /** Content key wrapped to the buyer's one-time key. */
  readonly wrapped: Uint8Array;
  /** What the release's lock opens with, 32 bytes. */
  readonly opener: Uint8Array;
  /** Last position of the seller's own chain when this was written; its release stands above, if it was signed. */
  readonly after: number;
}

/**
 * One trade of this node: plain state, all of it facts that are true for good. Which of them lead to which state is
 * the table's (`transitions.ts`); what of them is durable is `records.ts`'s.
 */
export interface Trade {
  readonly role: TradeRole;
  readonly encoded: EncodedTerms;
  /** The ask that is bought from; its document says what is delivered. */
  readonly ask: SignedOrder;
  /** Buyer's one-time public key; the terms keep its SHA-256. */
  readonly recipientKey: Uint8Array;
  /** Buyer: signed block of its bid, while it negotiates; null otherwise. */
  readonly bid: Uint8Array | null;
  state: TradeState;
  steps: readonly TradeStep[];
  failure: TradeFailure | null;
  offer: TradeOffer | null;
  /** Buyer: the seller's no to these terms. */
  decline: Decline | null;
  /** Buyer: all ciphertext is here and fits the offer. */
  received: boolean;
  /** After a restart: this node's own chain has not been searched yet for what the trade signed before. */
  unsure: boolean;
  hold: Spending | null;
  /** Buyer: the hold's spend certificate; issued money only. A seller's is among the certificates that it keeps. */
  certificate: Certificate | null;
  /** Buyer: the hold needs no certificate, or has it. */
  certified: boolean;
  /** Buyer: why the seller does not release on this hold; the money comes back by itself. */
  declined: string | null;
  draft: ReleaseDraft | null;
  release: ShownRelease | null;
  /** Acknowledgements of a quorum of witnesses. */
  acks: Certificate | null;
  /** Seller: requests of the buyer that will be answered with the key. */
  answering: number;
  /** Seller: the buyer was handed the release and its opener. */
  handed: boolean;
  receipt: BlockId | null;
  /** Buyer: the data is open, and no receipt can be signed: the seller is a proven cheat. */
  unreceipted: boolean;
  /** Buyer: canonical proof that what was delivered is not what was promised. */
  proof: Uint8Array | null;
  /** Buyer: the witnesses found the complaint unfounded. */
  unfounded: boolean;
}

/** What the end of a trade sets: it counts, and is told, once this is written down. */
export type TradeEnd = Pick<Trade, 'state' | 'steps' | 'failure'>;

/** A trade at its beginning. */
export function newTrade(
  start: Pick<Trade, 'role' | 'encoded' | 'ask' | 'recipientKey' | 'bid' | 'state' | 'offer'>,
): Trade {
  return {
    ...start,
    steps: [],
    failure: null,
    decline: null,
    received: false,
    unsure: false,
    hold: null,
    certificate: null,
    certified: false,
    declined: null,
    draft: null,
    release: null,
    acks: null,
    answering: 0,
    handed: false,
    receipt: null,
    unreceipted: false,
    proof: null,
    unfounded: false,
  };
}

/** Id of a trade: hex of SHA-256 over its terms. */
export function idOf(trade: Trade): TradeId {
  return trade.encoded.id;
}

/** The other party. */
export function counterpartyOf(trade: Trade): PublicKey {
  return trade.role === 'seller' ? trade.encoded.terms.buyer : trade.encoded.terms.seller;
}

/** Text of the id of this node's own order in the trade. */
export function ownOrderOf(trade: Trade): string {
  const { ask, bid } = trade.encoded.terms;
  return (trade.role === 'seller' ? ask : bid).toString();
}

/** What is sold. Throws `ERR_MARKET_FORMAT` when the trade's ask is none. */
export function documentOf(trade: Pick<Trade, 'ask'>): DatasetDocument {
  const { document } = trade.ask;
  if (document === undefined) throw new MarketError('ERR_MARKET_FORMAT', 'Expected an ask, got a bid');
  return document;
}

/** What a settlement needs to know of the trade. */
export function settlementTradeOf(trade: Pick<Trade, 'encoded' | 'recipientKey'>): SettlementTrade {
  const { terms, digest } = trade.encoded;
  return {
    tradeId: digest,
    asset: terms.asset,
    seller: terms.seller,
    buyer: terms.buyer,
    suite: terms.suite,
    recipientKey: trade.recipientKey,
    bid: terms.bid,
  };
}

/** What a complaint about the trade is judged by, as this node's own records have it; undefined before a key was released. */
export function factsOf(
  trade: Pick<Trade, 'encoded' | 'recipientKey' | 'ask' | 'offer' | 'release'>,
): JudgedTrade | undefined {
  const { offer, release } = trade;
  if (offer === null || release === null) return undefined;
  return {
    ...settlementTradeOf(trade),
    document: documentOf(trade),
    settlementRoot: offer.proposal.root,
    wrappedKey: release.wrapped,
  };
}
