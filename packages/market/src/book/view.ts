import type { AssetId } from '@edmp/interface';
import type { Price } from '../asset/price.ts';

/** One price with everything that rests there. */
export interface BookLevel {
  readonly price: Price;
  readonly orders: number;
  /** Licences. */
  readonly quantity: bigint;
}

/** Both sides of one market as this node knows it; empty on nodes that are no matchmakers. */
export interface BookView {
  readonly asset: AssetId;
  readonly currency: AssetId;
  /** Cheapest first. */
  readonly asks: readonly BookLevel[];
  /** Dearest first. */
  readonly bids: readonly BookLevel[];
}
