import type { SignedOrder } from '../blocks/order.ts';

/** What negotiations need to know of orders; the order desk and the exchange know it. */
export interface NegotiationOrders {
  /** An own ask, and whether its owner cancelled it. */
  ask(key: string): { readonly order: SignedOrder; readonly cancelled: boolean } | undefined;
  /** An own bid while it is open: not cancelled, not expired. */
  bid(key: string): SignedOrder | undefined;
  /** Open asks of others that cross an own bid, cheapest first, then oldest. */
  candidates(bid: string): readonly SignedOrder[];
  /** Hears that a buyer took an own ask for open of which payments have taken all. */
  soldOut?(ask: string): void;
}
