import type { SignedOrder } from '../blocks/order.ts';
import type { Order } from '../order/order.ts';

/** Somebody else's open order as this node knows it; `left` licences of it were not taken. */
export function openOrderView(order: SignedOrder, left: number): Order {
  return {
    id: order.id,
    number: order.block.core.seq,
    side: order.side,
    owner: order.owner,
    asset: order.asset,
    price: order.price,
    quantity: order.quantity,
    filled: order.quantity - left,
    reserved: 0,
    created: order.created,
    expires: order.expires,
    status: 'open',
    ...(order.document === undefined ? {} : { document: order.document }),
  };
}
