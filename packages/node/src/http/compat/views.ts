import type {
  BookOrderView,
  MatchmakerView,
  OrderView,
  TradeView,
  WalletTransactionView,
  WalletView,
} from '../../service.ts';

/** A JSON number as EDMP's clients expect, or a decimal string where a number would lose digits. */
export function jsonAmount(amount: bigint): number | string {
  const number = Number(amount);
  return Number.isSafeInteger(number) ? number : amount.toString();
}

/** Money first, licences second, as EDMP writes a pair. */
export function assets(order: {
  readonly asset: string;
  readonly price: bigint;
  readonly currency: string;
  readonly quantity: number;
}): Record<string, { amount: number | string; type: string }> {
  return {
    first: { amount: jsonAmount(order.price * BigInt(order.quantity)), type: order.currency },
    second: { amount: order.quantity, type: order.asset },
  };
}

/** The open orders of one pair. */
interface PairView {
  readonly asset1: string;
  readonly asset2: string;
  readonly ticks: object[];
}

/** One side of the book, grouped by pair as EDMP did. */
export function bookSide(orders: readonly BookOrderView[], side: 'ask' | 'bid'): PairView[] {
  const pairs = new Map<string, PairView>();
  for (const order of orders) {
    if (order.side !== side) continue;
    const name = `${order.currency} ${order.asset}`;
    const pair = pairs.get(name) ?? { asset1: order.currency, asset2: order.asset, ticks: [] };
    pairs.set(name, pair);
    pair.ticks.push({
      trader_id: order.trader,
      order_number: order.number,
      assets: assets(order),
      timeout: timeoutOf(order),
      timestamp: order.created,
      traded: jsonAmount(order.price * BigInt(order.filled)),
      block_hash: order.order,
    });
  }
  return [...pairs.values()];
}

/** An own order. */
export function ownOrder(order: OrderView, trader: string): Record<string, unknown> {
  return {
    trader_id: trader,
    order_number: order.number,
    assets: assets(order),
    reserved_quantity: jsonAmount(order.price * BigInt(order.reserved)),
    traded: jsonAmount(order.price * BigInt(order.filled)),
    timeout: timeoutOf(order),
    timestamp: order.created,
    completed_timestamp: null,
    is_ask: order.side === 'ask',
    cancelled: order.status === 'cancelled',
    status: order.status,
  };
}

/** Answer to an accepted order. */
export function placedOrder(order: OrderView, trader: string): Record<string, unknown> {
  return {
    assets: assets(order),
    timestamp: order.created,
    trader_id: trader,
    order_number: order.number,
    timeout: timeoutOf(order),
  };
}

/** A trade; `number` is its place among this node's trades, from 1. */
export function transaction(
  trade: TradeView,
  number: number,
  trader: string,
  orderNumber: number | null,
  partnerOrderNumber: number | null,
): Record<string, unknown> {
  const pair = assets({ ...trade, quantity: 1 });
  const done = trade.final && trade.failed === null;
  return {
    trader_id: trader,
    order_number: orderNumber,
    partner_trader_id: trade.partner,
    partner_order_number: partnerOrderNumber,
    transaction_id: trade.id,
    transaction_number: number,
    assets: pair,
    transferred: done
      ? pair
      : { first: { amount: 0, type: trade.currency }, second: { amount: 0, type: trade.asset } },
    timestamp: trade.started,
    payment_complete: done,
    status: trade.failed !== null ? 'error' : done ? 'completed' : 'pending',
  };
}

/** A wallet's balance: the documented keys, and what was earned. */
export function balance(wallet: WalletView): Record<string, unknown> {
  return {
    available: jsonAmount(wallet.available),
    pending: jsonAmount(wallet.pending),
    // Not among the keys of 2019: there, what was earned could be spent.
    earned: jsonAmount(wallet.earned),
    currency: wallet.id,
    precision: wallet.precision,
  };
}

/** A wallet. */
export function walletEntry(wallet: WalletView): Record<string, unknown> {
  return {
    created: true,
    unlocked: true,
    address: wallet.address,
    name: wallet.name,
    precision: wallet.precision,
    min_unit: jsonAmount(wallet.minUnit),
    balance: balance(wallet),
  };
}

/** A movement in a wallet. */
export function walletMovement(movement: WalletTransactionView, address: string): Record<string, unknown> {
  const other = movement.counterparty ?? '';
  const [from, to] = movement.direction === 'in' ? [other, address] : [address, other];
  return {
    id: movement.id,
    outgoing: movement.direction === 'out',
    from,
    to,
    amount: jsonAmount(movement.amount),
    fee_amount: 0,
    currency: movement.asset,
    timestamp: movement.time,
    description: movement.description,
    status: movement.status,
  };
}

/** A payment of a trade. */
export function payment(
  movement: WalletTransactionView,
  of: {
    readonly trader: string;
    /** Of this node's wallet. */
    readonly address: string;
    readonly number: number;
    readonly transaction: string;
  },
): Record<string, unknown> {
  const other = movement.counterparty ?? '';
  const [from, to] = movement.direction === 'in' ? [other, of.address] : [of.address, other];
  return {
    trader_id: of.trader,
    transaction_id: of.transaction,
    transaction_number: of.number,
    transferred: { amount: jsonAmount(movement.amount), type: movement.asset },
    payment_id: movement.id,
    address_from: from,
    address_to: to,
    timestamp: movement.time,
    success: movement.status === 'final',
  };
}

/** Address and port of a matchmaker's multiaddr; undefined unless it is IP over TCP. */
export function matchmakerAddress(matchmaker: MatchmakerView): { ip: string; port: number } | undefined {
  const [, ip, port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)/.exec(matchmaker.address ?? '') ?? [];
  return ip === undefined || port === undefined ? undefined : { ip, port: Number(port) };
}

function timeoutOf(order: { readonly created: number; readonly expires: number }): number {
  return Math.round((order.expires - order.created) / 1000);
}
