/**
 * The integer-only price–time book and exact money maths.
 *
 * @packageDocumentation
 */
export { comparePrices, costOf, MAX_QUANTITY, wholeLots } from './asset/price.ts';
export type { OrderSide } from './blocks/order.ts';
export {
  type BookFills,
  type MatchOptions,
  NO_ORDER,
  OrderBook,
  type OrderHandle,
  orderBook,
  type RestOptions,
} from './book/order-book.ts';
export { ASK, BID, type SideIndex } from './book/side-levels.ts';
export type { BookLevel, BookView } from './book/view.ts';
