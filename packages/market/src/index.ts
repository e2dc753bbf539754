/**
 * The EDMP market: sell and buy energy data for money that is sound.
 *
 * Start with {@link createMarket}. What else a program may need is in `@edmp/market/order`, `/trade`, `/risk`, `/ledger`, `/wallet`,
 * `/book`, `/notary` and `/codec`.
 *
 * @packageDocumentation
 */
export { type Currency, type CurrencyId, DUM1, DUM2 } from './asset/currency.ts';
export { formatPrice, type Price, price, UNLIMITED_SUPPLY } from './asset/price.ts';
export { createMarket } from './create-market.ts';
export { marketRules } from './desk/market-rules.ts';
export { isMarketError, MarketError, type MarketErrorCode } from './errors.ts';
export type { Listing, ListingQuery } from './listing/listing.ts';
export type {
  Bid,
  CallOptions,
  Delivery,
  Market,
  MarketEvent,
  MarketOptions,
  Offer,
  Trade,
} from './market.ts';
export type { Order } from './order/order.ts';
