/**
 * The integer-only price–time book and exact money maths.
 *
 * @packageDocumentation
 */
export { costOf, MAX_QUANTITY, wholeLots } from './asset/price.ts';
export type { OrderSide } from './blocks/order.ts';
export { OrderBook, orderBook } from './book/order-book.ts';
export type { BookLevel, BookView } from './book/view.ts';
