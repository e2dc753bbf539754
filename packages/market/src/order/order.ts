import type { AssetId, BlockId, DatasetDocument, PublicKey } from '@edmp/interface';
import type { Price } from '../asset/price.ts';
import type { OrderSide } from '../blocks/order.ts';

/** All {@link OrderStatus}es. */
export const ORDER_STATUSES = ['open', 'filled', 'cancelled', 'expired'] as const;
/** `open` can trade; `filled` has no quantity left. */
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Why one of this node's own bids leaves an ask alone that would suit it. */
export interface AskPutAside {
  readonly ask: BlockId;
  /** Stable code, such as `ERR_TRADE_WITNESSES`. */
  readonly code: string;
  /** What was in the way; the seller's words where it declined. */
  readonly reason: string;
  /** When it is tried again, ms since the epoch; null: not any more. */
  readonly again: number | null;
}

/** An order. */
export interface Order {
  /** Its signed source block. */
  readonly id: BlockId;
  /** Sequence number of its block in the trader's chain, so every node gives an order the same number. */
  readonly number: number;
  readonly side: OrderSide;
  readonly owner: PublicKey;
  readonly asset: AssetId;
  readonly price: Price;
  /** Licences for sale or wanted. */
  readonly quantity: number;
  /** Licences in holds that were not given back, of which the licence has passed. */
  readonly filled: number;
  /** Licences in holds whose outcome is open. */
  readonly reserved: number;
  /** ms since the epoch. */
  readonly created: number;
  /** From this moment on the order cannot match, ms since the epoch. */
  readonly expires: number;
  readonly status: OrderStatus;
  /** Of one's own bid: the asks that it tried or could not try, newest last. Absent when there are none. */
  readonly aside?: readonly AskPutAside[];
  /** What an ask sells. */
  readonly document?: DatasetDocument;
}
