/**
 * Orders of the market: states, limits and what to wait for.
 *
 * @packageDocumentation
 */
export type { OrderWait } from './market.ts';
export type { OrderLimits } from './order/limits.ts';
export { type AskPutAside, ORDER_STATUSES, type OrderStatus } from './order/order.ts';
