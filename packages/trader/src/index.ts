/**
 * One trader for programs: a chain that signs, a settlement that seals and opens, and a market on top, over one network.
 *
 * @packageDocumentation
 */
export { type BuyInspectedNeeds, buyInspected } from './buy-inspected.ts';
export { createTrader, type Trader, type TraderOptions } from './create-trader.ts';
