import type { AssetId, BlockId, DatasetDocument, PublicKey } from '@edmp/interface';
import type { Price } from '../asset/price.ts';
import type { OrderSide } from '../blocks/order.ts';

/** All {@link OrderStatus}es. */
export const ORDER_STATUSES = ['open', 'filled', 'cancelled', 'expired'] as const;
/** `open` can trade; `filled` has no quantity left. */
export type OrderStatus = (typeof ORDER_STATUSES)[number];

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
  /** What an ask sells. */
  readonly document?: DatasetDocument;
}
