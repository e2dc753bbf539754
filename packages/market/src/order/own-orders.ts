import type { Order, OrderStatus, TradeId } from '../market.ts';
import type { SignedOrder } from './signed-order.ts';

/** What a trade does to an order's quantity: negotiated, agreed on the chain (its money is held), or done. */
export type Claim = 'reserved' | 'agreed' | 'filled';

/** This node's own orders with what its trades have taken of them. */
export interface OwnOrders {
  add(order: SignedOrder): void;
  get(key: string): SignedOrder | undefined;
  /** Licences neither sold nor reserved; 0 when the order is not open. */
  available(key: string): number;
  /** Sets what a trade takes; `undefined` releases it. */
  claim(key: string, trade: TradeId, quantity: number, claim: Claim | undefined): void;
  cancel(key: string): void;
  status(key: string): OrderStatus | undefined;
  view(key: string): Order | undefined;
  /** All own orders in order of number. */
  all(): readonly Order[];
  /** Keys of the orders that are open now. */
  open(): readonly string[];
  /** Keys of own orders on one asset. */
  onAsset(asset: string): Iterable<string>;
  /** Licences of an open order that no agreed or finished trade covers. */
  unheld(key: string): number;
}

interface Entry {
  readonly order: SignedOrder;
  cancelled: boolean;
  readonly claims: Map<TradeId, { readonly quantity: number; readonly claim: Claim }>;
}

/** No own orders yet. `now` tells the time, ms. */
export function ownOrders(now: () => number): OwnOrders {
  const entries = new Map<string, Entry>();
  const byAsset = new Map<string, Set<string>>();
  /** Candidates for open; closed ones leave when somebody looks. */
  const maybeOpen = new Set<string>();
  const sum = (entry: Entry, claim: Claim): number => {
    let total = 0;
    for (const taken of entry.claims.values()) if (taken.claim === claim) total += taken.quantity;
    return total;
  };
  const statusOf = (entry: Entry): OrderStatus => {
    if (sum(entry, 'filled') >= entry.order.quantity) return 'filled';
    if (entry.cancelled) return 'cancelled';
    return entry.order.expires <= now() ? 'expired' : 'open';
  };
  const viewOf = (entry: Entry): Order => {
    const { order } = entry;
    return {
      id: order.id,
      number: order.block.core.seq,
      side: order.side,
      owner: order.owner,
      asset: order.asset,
      price: order.price,
      quantity: order.quantity,
      filled: sum(entry, 'filled'),
      reserved: sum(entry, 'reserved') + sum(entry, 'agreed'),
      created: order.created,
      expires: order.expires,
      status: statusOf(entry),
      ...(order.document === undefined ? {} : { document: order.document }),
    };
  };
  const own: OwnOrders = {
    add(order) {
      if (entries.has(order.key)) return;
      entries.set(order.key, { order, cancelled: false, claims: new Map() });
      maybeOpen.add(order.key);
      const keys = byAsset.get(order.asset) ?? new Set();
      byAsset.set(order.asset, keys.add(order.key));
    },
    get: (key) => entries.get(key)?.order,
    available(key) {
      const entry = entries.get(key);
      if (entry === undefined || statusOf(entry) !== 'open') return 0;
      return entry.order.quantity - sum(entry, 'filled') - sum(entry, 'agreed') - sum(entry, 'reserved');
    },
    claim(key, trade, quantity, claim) {
      const claims = entries.get(key)?.claims;
      if (claim === undefined) claims?.delete(trade);
      else claims?.set(trade, { quantity, claim });
    },
    cancel(key) {
      const entry = entries.get(key);
      if (entry !== undefined) entry.cancelled = true;
    },
    status(key) {
      const entry = entries.get(key);
      return entry === undefined ? undefined : statusOf(entry);
    },
    view(key) {
      const entry = entries.get(key);
      return entry === undefined ? undefined : viewOf(entry);
    },
    all: () => [...entries.values()].map(viewOf).sort((a, b) => a.number - b.number),
    open() {
      for (const key of maybeOpen) if (own.status(key) !== 'open') maybeOpen.delete(key);
      return [...maybeOpen];
    },
    onAsset: (asset) => byAsset.get(asset) ?? [],
    unheld(key) {
      const entry = entries.get(key);
      if (entry === undefined || statusOf(entry) !== 'open') return 0;
      return Math.max(0, entry.order.quantity - sum(entry, 'filled') - sum(entry, 'agreed'));
    },
  };
  return own;
}
