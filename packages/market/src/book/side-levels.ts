import type { ExactRatio } from '../asset/price-key.ts';

/** No level, and no order. */
export const NONE = -1;

/** Index of the asks' side. */
export const ASK = 0;
/** Index of the bids' side. */
export const BID = 1;
/** A side of a book. */
export type SideIndex = typeof ASK | typeof BID;

/**
 * The price levels of one side of a book. Two forms: {@link @edmp/market!PriceLadder} for whole prices close together and
 * {@link @edmp/market!PriceTree} for all others. A level is a number that is good until the level is dropped.
 */
export interface SideLevels {
  /** First order of a level plus one; 0 = none. Replaced when levels are added. */
  readonly heads: Int32Array;
  /** Last order of a level plus one. */
  readonly tails: Int32Array;
  /** Lowest ask or highest bid, or {@link NONE}. */
  readonly best: number;
  /** Levels. */
  readonly count: number;
  /** The level of a price, made when it is new; {@link NONE} when this form cannot hold the price. */
  at(key: number, lot: number, exact: ExactRatio): number;
  /** Takes out a level without orders. */
  drop(level: number): void;
  /** The next worse level, or {@link NONE}; also for a level that was dropped just now. */
  worse(level: number): number;
  /** Double nearest to the price. */
  key(level: number): number;
  /** Licences that the price is for. */
  lot(level: number): number;
  exact(level: number): ExactRatio;
}
