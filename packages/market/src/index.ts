/**
 * The EDMP market: orders, listings, order book, matching, trade protocol, wallets and token ledger.
 *
 * Start with `createMarket`; the pure parts (prices, codecs, order book, ledger fold) can be used alone.
 *
 * @packageDocumentation
 */
export * from './asset/currency.ts';
export * from './asset/price.ts';
export * from './book/order-book.ts';
export * from './create-market.ts';
export * from './errors.ts';
export * from './ledger/ledger.ts';
export * from './ledger/token-blocks.ts';
export * from './ledger/trade-outcome.ts';
export type * from './market.ts';
export * from './order/limits.ts';
export * from './order/rules.ts';
export * from './order/signed-order.ts';
export { checkCounterparty, type RiskContext } from './risk/check.ts';
export * from './risk/policy.ts';
export * from './rules.ts';
export * from './trade/blocks.ts';
export type { TradeRole } from './trade/record.ts';
export * from './trade/rules.ts';
export * from './trade/state-machine.ts';
export * from './trade/terms.ts';
