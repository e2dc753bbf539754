/**
 * Strict codecs of the market's blocks: what stands on chains, read and written alone.
 *
 * @packageDocumentation
 */
export { CURRENCY_TYPE, type CurrencyTx, currencyOfBlock, currencyToTx } from './asset/currency.ts';
export { type Claim, type Money, moneyOf, moneyToTx } from './blocks/money.ts';
export {
  ASK_TYPE,
  askToTx,
  BID_TYPE,
  bidToTx,
  CANCEL_TYPE,
  cancelToTx,
  decodeCancel,
  decodeOrder,
  MAX_ASK_LIFETIME_MS,
  MAX_ASK_WITNESSES,
  MAX_BID_LIFETIME_MS,
  ordersCross,
  type SignedOrder,
} from './blocks/order.ts';
export { priceOf, priceToTx } from './blocks/price.ts';
export { lockKey, type ReleaseTx, receiptOf, releaseOf, unlockKey } from './blocks/release.ts';
export {
  checkSuccession,
  claimToTx,
  type HoldPart,
  holdToTx,
  type Spending,
  spendingOf,
  transferToTx,
} from './blocks/spending.ts';
export {
  decodeTerms,
  type EncodedTerms,
  encodeTerms,
  type Terms,
  type TradeDeadlines,
  type TradeId,
} from './blocks/terms.ts';
export { checkHold, type TradeProposal, tradeProposalOf } from './blocks/trade.ts';
export { CLAIM_TYPE, RELEASE_TYPE, TRADE_TYPE, TRANSFER_TYPE } from './blocks/types.ts';
