import type { MarketErrorCode } from '../errors.ts';
import type { TradeSituation } from './situation.ts';
import type { TradeRole, TradeState } from './states.ts';

/** What a node does in a step besides changing state. Each may be repeated: what was signed before is found again. */
export type TradeAction =
  /** Only note what is known. */
  | 'note'
  /** End the trade. */
  | 'end'
  /** After a restart: look for what this trade signed before. */
  | 'look'
  /** Buyer: send the terms, take the seller's offer. */
  | 'propose'
  /** Buyer: fetch and check all ciphertext, and the seller. */
  | 'fetch'
  /** Buyer: sign the hold. */
  | 'sign'
  /** Buyer: wait for the hold's spend certificate. */
  | 'certify'
  /** Buyer: show the hold to the seller and take the key from its answer. */
  | 'show'
  /** Buyer: open the data; sign the receipt, or keep the proof of misbehaviour. */
  | 'open'
  /** Buyer: show the proof to the witnesses. */
  | 'complain'
  /** Either: ask the witnesses what became of the hold, and for the release that they keep. */
  | 'ask'
  /** Seller: write the key down, then sign the release. */
  | 'release'
  /** Seller: show the release to the witnesses until a quorum has acknowledged it. */
  | 'acknowledge'
  /** Seller: hand the release and its opener to the buyer. */
  | 'hand';

/** One row of the state table. */
export interface TradeTransition {
  readonly role: TradeRole;
  readonly from: TradeState;
  /** The condition, in words. */
  readonly when: string;
  readonly test: (situation: TradeSituation) => boolean;
  readonly action: TradeAction;
  /** Next state; for actions, the one that follows when the action has worked. */
  readonly to: TradeState;
  /** Why the trade ended, in rows that end it without success. */
  readonly code?: MarketErrorCode;
  readonly reason?: string;
}
