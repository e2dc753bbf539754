import { MarketError } from '../errors.ts';
import type { Trade } from '../market.ts';
import type { SignedOrder } from '../order/signed-order.ts';
import type { TradeRecord } from './record.ts';

/**
 * Most that this node can lose now, minor units: a buyer's amount from its agreement to the end; a seller's from the
 * key release until the payment is final.
 */
export function atRisk(record: TradeRecord): bigint {
  const { role, state, encoded } = record;
  const exposed =
    role === 'buyer' ? ['agreed', 'released', 'complained'].includes(state) : state === 'released';
  return exposed ? encoded.terms.amount : 0n;
}

/** The public view of a trade. */
export function tradeView(live: { readonly record: TradeRecord; readonly ask: SignedOrder }): Trade {
  const { record, ask } = live;
  const { terms, id } = record.encoded;
  if (ask.document === undefined) {
    throw new MarketError('ERR_MARKET_FORMAT', 'Expected the ask of a trade, got a bid');
  }
  return {
    id,
    role: record.role,
    state: record.state,
    ask: terms.ask,
    bid: terms.bid,
    seller: terms.seller,
    buyer: terms.buyer,
    asset: terms.asset,
    document: ask.document,
    quantity: terms.quantity,
    price: terms.price,
    amount: terms.amount,
    deadlines: terms.deadlines,
    steps: record.steps,
    ...(record.failure === null ? {} : { failure: record.failure }),
    atRisk: atRisk(record),
  };
}
