/**
 * Trades: their states in words, phases, evidence and outcomes.
 *
 * @packageDocumentation
 */
export type {
  DealEvidence,
  TradeEvidence,
  TradeOutcome,
  TradeProof,
  TradeWait,
  WitnessSettings,
} from './market.ts';
export type { TradeDurations } from './negotiation/settings.ts';
export {
  BUYER_STATES,
  SELLER_STATES,
  TRADE_STATE_TEXT,
  TRADE_STATES,
  type TradeRole,
  type TradeState,
} from './trade/states.ts';
export type { TradeFailure, TradeStep } from './trade/trade.ts';
