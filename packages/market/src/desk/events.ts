import { equalBytes, type PublicKey } from '@edmp/interface';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import type { SafeEmitter } from '../codec/emitter.ts';
import type { LedgerChange } from '../ledger/changes.ts';
import type { MarketEvent } from '../market.ts';
import type { OrderExchange } from '../matching/exchange.ts';
import type { BuyerNegotiation } from '../negotiation/buyer.ts';
import type { TradeEngine } from '../trade/engine.ts';
import { ownOrderOf, type Trade } from '../trade/trade.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OwnOrders } from './own-orders.ts';
import type { Refusals } from './refusals.ts';
import type { TradeDesk } from './trade-desk.ts';

/** What {@link followTrades} joins. */
export interface TradeFollowers {
  readonly engine: TradeEngine;
  readonly own: OwnOrders;
  readonly orders: OrderDesk;
  readonly trades: TradeDesk;
  readonly emitter: SafeEmitter<MarketEvent>;
  readonly report: (what: string, error: unknown) => void;
}

/** States from which on a failure is a failed deal, not just a seller that said no. */
const BEGUN: ReadonlySet<string> = new Set(['fetching', 'signing', 'certifying', 'held']);

/** Tells of own trades and of what they do to own orders, until the returned function is called. */
export function followTrades(parts: TradeFollowers): () => void {
  const { engine, own, orders, trades, emitter, report } = parts;
  return engine.on(({ type, trade }) => {
    const key = ownOrderOf(trade);
    if (type === 'entered') {
      emitter.emit({ type: 'trade', trade: trades.view(trade) });
    } else {
      if (trade.state === 'completed') own.filled(key, trade.encoded.terms.quantity);
      if (isFailedDeal(trade)) {
        orders.dealFailed(key).catch((error: unknown) => report('closing a bid after a failed deal', error));
      }
    }
    const order = own.view(key);
    if (order !== undefined) emitter.emit({ type: 'order', order });
  });
}

function isFailedDeal({ role, state, steps }: Trade): boolean {
  return role === 'buyer' && state !== 'completed' && steps.some((step) => BEGUN.has(step.state));
}

/** What {@link followOrders} joins. */
export interface OrderFollowers {
  readonly exchange: OrderExchange;
  readonly buyers: BuyerNegotiation;
  readonly own: OwnOrders;
  readonly refusals: Refusals;
  readonly emitter: SafeEmitter<MarketEvent>;
}

/** Takes what the exchange finds to negotiations and listeners, until the returned function is called. */
export function followOrders({ exchange, buyers, own, refusals, emitter }: OrderFollowers): () => void {
  return exchange.on((event) => {
    switch (event.type) {
      case 'listing':
        emitter.emit({ type: 'listing', change: event.change, listing: event.listing });
        return;
      case 'candidate':
        buyers.consider(event.bid.toString());
        return;
      case 'refused':
        refusals.add(event.peer, event.code, event.reason);
        return;
      case 'closed': {
        const key = event.order.toString();
        const order = own.view(key);
        if (order !== undefined && order.status !== 'open') buyers.forget(key);
        if (order !== undefined) emitter.emit({ type: 'order', order });
      }
    }
  });
}

/** Keeps the currencies that this node's own money is in: for good what it pays in, as long as there is room what it is paid in. */
export function keepOwnCurrency(
  change: LedgerChange,
  self: PublicKey,
  currencies: Pick<CurrencyRegister, 'pin' | 'prefer'>,
): void {
  const currency = walletOf(change, self);
  if (currency === undefined) return;
  if (change.type === 'certified' && equalBytes(change.spending.author, self)) currencies.pin(currency);
  else if (change.type === 'certified' || change.type === 'income') currencies.prefer(currency);
  else if ((change.type === 'hold' || change.type === 'outcome') && change.hold.counts)
    currencies.prefer(currency);
}

/** Currencies of whose accounts of `self` a change in the ledger tells something new. */
export function walletOf(change: LedgerChange, self: PublicKey): string | undefined {
  switch (change.type) {
    case 'hold':
    case 'outcome': {
      const { hold } = change;
      return equalBytes(hold.buyer, self) || equalBytes(hold.seller, self) ? hold.currency : undefined;
    }
    case 'certified':
    case 'income': {
      const { author, money } = change.spending;
      const mine = equalBytes(author, self) || (money.to !== null && equalBytes(money.to, self));
      return mine ? money.currency : undefined;
    }
    case 'broken':
      return equalBytes(change.author, self) ? change.currency : undefined;
    default:
      return undefined;
  }
}
