import type { SignedOrder } from '../blocks/order.ts';

/** What negotiations need to know of orders; the order desk and the exchange know it. */
export interface NegotiationOrders {
  /** One’s own ask, and whether its owner cancelled it. */
  ask(key: string): { readonly order: SignedOrder; readonly cancelled: boolean } | undefined;
  /** One’s own bid while it is open: not cancelled, not expired. */
  bid(key: string): SignedOrder | undefined;
  /** Open asks of others that cross one’s own bid, cheapest first, then oldest. */
  candidates(bid: string): readonly SignedOrder[];
  /** Hears that a buyer took one’s own ask for open of which payments have taken all. */
  soldOut?(ask: string): void;
}
