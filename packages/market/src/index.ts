/**
 * The EDMP market: sell and buy energy data for money that is sound.
 *
 * Start with {@link createMarket}. What else a program may need is in `@edmp/market/ledger`, `/codec`, `/book`,
 * `/notary` and `/wallet`.
 *
 * @packageDocumentation
 */
export {
  type Currency,
  type CurrencyId,
  DUM1,
  DUM2,
  type IssuedCurrency,
  type TestCurrency,
} from './asset/currency.ts';
export { comparePrices, formatPrice, type Price, price, UNLIMITED_SUPPLY } from './asset/price.ts';
export { createMarket } from './create-market.ts';
export { marketRules } from './desk/market-rules.ts';
export { isMarketError, MarketError, type MarketErrorCode } from './errors.ts';
export type { Listing, ListingQuery } from './listing/listing.ts';
export type {
  Bid,
  CallOptions,
  CurrencyOffer,
  Delivery,
  Market,
  MarketEvent,
  MarketEvidence,
  MarketOptions,
  NotarySettings,
  Offer,
  OrderWait,
  Trade,
  TradeEvidence,
  TradeOutcome,
  TradeWait,
  Transfer,
  WitnessSettings,
} from './market.ts';
export type { TradeDurations } from './negotiation/settings.ts';
export type { OrderLimits } from './order/limits.ts';
export { ORDER_STATUSES, type Order, type OrderStatus } from './order/order.ts';
export { defaultRiskPolicy, permissiveRiskPolicy, type RiskPolicy } from './risk/policy.ts';
export {
  BUYER_STATES,
  SELLER_STATES,
  TRADE_STATE_TEXT,
  TRADE_STATES,
  type TradeRole,
  type TradeState,
} from './trade/states.ts';
export type { TradeFailure, TradeStep } from './trade/trade.ts';
