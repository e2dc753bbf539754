import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/** Stable codes of {@link MarketError}. */
export type MarketErrorCode =
  /** Bytes or a transaction that are not what the market's formats prescribe. */
  | 'ERR_MARKET_FORMAT'
  /** The market was stopped. */
  | 'ERR_MARKET_STOPPED'
  /** A reader of events fell too far behind. */
  | 'ERR_MARKET_EVENTS_LOST'
  /** A currency, asset, order or trade that is not known here. */
  | 'ERR_MARKET_UNKNOWN'
  /** Zero, negative or too large an amount, price, quantity or lifetime. */
  | 'ERR_ORDER_AMOUNT'
  /** A lifetime that is too short or too long for the kind of order. */
  | 'ERR_ORDER_LIFETIME'
  /** The order is already filled, cancelled or expired. */
  | 'ERR_ORDER_CLOSED'
  /** Somebody else's order, or a cancel by another key. */
  | 'ERR_ORDER_OWNER'
  /** The asset is on sale, or sold, exclusively already. */
  | 'ERR_ORDER_EXCLUSIVE'
  /** This node has a licence of the data already, or is buying one; a second must be asked for. */
  | 'ERR_ORDER_REPEATED'
  /** This node does not hold the data that it offers. */
  | 'ERR_ORDER_NO_DATA'
  /** A limit per trader, per book or in bytes is reached. */
  | 'ERR_ORDER_LIMIT'
  /** More than the free balance. */
  | 'ERR_WALLET_INSUFFICIENT'
  | 'ERR_WALLET_UNSUPPORTED'
  /** A payment that is unknown, of another amount or payee, or used before. */
  | 'ERR_WALLET_PAYMENT'
  /** The counterparty declined the terms. */
  | 'ERR_TRADE_DECLINED'
  /** The counterparty let a deadline pass or cannot be reached. */
  | 'ERR_TRADE_SILENT'
  /** Terms that are not what the two orders allow, or not what was negotiated. */
  | 'ERR_TRADE_TERMS'
  /** Terms at another price than the resting order's. */
  | 'ERR_TRADE_PRICE'
  /** The ciphertext does not match what was offered. */
  | 'ERR_TRADE_DELIVERY'
  /** No key by the release deadline: the buyer took its money back. */
  | 'ERR_TRADE_WITHDRAWN'
  /** A founded complaint returned the money. */
  | 'ERR_TRADE_COMPLAINT'
  /** The buyer refused the trade on its chain. */
  | 'ERR_TRADE_REFUSED'
  /** Something failed on this side: sealing, signing, storing. */
  | 'ERR_TRADE_LOCAL'
  /** The trade has not reached the state that the call needs. */
  | 'ERR_TRADE_STATE'
  /** Risk policy: too many unfinished trades. */
  | 'ERR_RISK_OBLIGATIONS'
  /** Risk policy: the counterparty's balance after holds does not cover the amount. */
  | 'ERR_RISK_BALANCE'
  /** Risk policy: fraud by the counterparty is proven. */
  | 'ERR_RISK_FRAUD'
  /** Risk policy: the amount passes the cap for this counterparty. */
  | 'ERR_RISK_EXPOSURE'
  /** Risk policy: the counterparty's chain is not completely known. */
  | 'ERR_RISK_CHAIN'
  /** Risk policy: the seller has sold more licences than it offered. */
  | 'ERR_RISK_OVERSOLD'
  /** A spending block that does not follow from the one before it: number, link, balance. */
  | 'ERR_MONEY_SUCCESSION'
  /** A claim of what is unknown, somebody else's, of another amount, or claimed before. */
  | 'ERR_MONEY_CLAIM'
  /** Two spending blocks of one author with one number in one currency. */
  | 'ERR_MONEY_FORK'
  /** A notary or witness says no for what the bytes say: final. */
  | 'ERR_NOTARY_REFUSED'
  /** A notary or witness has no room now; the same request may succeed later. */
  | 'ERR_NOTARY_LATER'
  /** A witness is asked about a hold of test money that ended so long ago that it may have forgotten what it said. */
  | 'ERR_NOTARY_FORGOTTEN'
  /** A complaint that is not sealed as it should be: to another key, by another node, altered, or shown before. */
  | 'ERR_NOTARY_SEAL'
  /** Nobody is known that serves a notary's or witness's key. */
  | 'ERR_NOTARY_UNKNOWN'
  /** Fraud by the author is proven; the proof is attached. */
  | 'ERR_NOTARY_PROVEN'
  /** A proof against a notary or witness that does not prove anything. */
  | 'ERR_NOTARY_UNFOUNDED'
  /** A notary whose store is a copy or went back in time: it was shown a statement of its own that it does not hold. */
  | 'ERR_NOTARY_HALTED'
  /** Buyer and seller share no witness. */
  | 'ERR_TRADE_WITNESSES'
  /** A hold that came too late for a release. */
  | 'ERR_TRADE_LATE'
  /** The release found no quorum of witnesses in time. */
  | 'ERR_TRADE_LOST'
  /** A currency whose block is not known here. */
  | 'ERR_CURRENCY_UNKNOWN'
  /** This node has issued a currency with this label before: nobody could tell the two apart. */
  | 'ERR_CURRENCY_LABEL'
  /** More of a currency's notaries are proven cheats than it can bear. */
  | 'ERR_CURRENCY_BROKEN'
  /** An idempotency key that was used for another call. */
  | 'ERR_IDEMPOTENCY';

/** Anything that the market refuses or that goes wrong in a trade; branch on `code`. */
export class MarketError extends EdmpError {
  declare readonly code: MarketErrorCode;

  constructor(code: MarketErrorCode, message: string, options: EdmpErrorOptions = {}) {
    super(code, message, options);
    this.name = 'MarketError';
  }
}

/**
 * Whether an error is the market's own, by its name, and so final for a trade unless it is retryable.
 *
 * @param error - What was caught; anything may be given.
 */
export function isMarketError(error: unknown): error is MarketError {
  return error instanceof Error && error.name === 'MarketError';
}
