import type { PublicKeyHex } from '@edmp/interface';
import type { SignedOrder } from '../blocks/order.ts';
import type { Order, OrderSide, OrderStatus } from '../market.ts';
import type { OrderHold } from './holds.ts';

/** Returns of holds that are not known, most of them of others: a few seconds of the busiest ledger. */
const EARLY_RETURNS = 4_096;

interface OwnHold {
  readonly side: OrderSide;
  readonly quantity: number;
  state: 'held' | 'settled' | 'returned';
}

interface Entry {
  readonly order: SignedOrder;
  cancelled: boolean;
}

/**
 * This node's own orders, closed ones included, with what holds took of them. Grows with the own chain and nothing else:
 * a hold counts only when the own key is its party, and that takes a block of one's own. Holds may come before their
 * order and returns before their hold.
 */
export class OwnOrders {
  readonly #now: () => number;
  readonly #self: PublicKeyHex;
  readonly #entries = new Map<string, Entry>();
  readonly #byAsset = new Map<string, string[]>();
  /** Candidates for open; closed ones leave when somebody looks. */
  readonly #maybeOpen = new Set<string>();
  /** Holds by order. */
  readonly #holds = new Map<string, Map<string, OwnHold>>();
  readonly #orderOfHold = new Map<string, readonly string[]>();
  readonly #earlyReturns = new Set<string>();

  constructor(self: PublicKeyHex, now: () => number) {
    this.#self = self;
    this.#now = now;
  }

  /** Takes in an own order. */
  add(order: SignedOrder): void {
    if (this.#entries.has(order.key)) return;
    this.#entries.set(order.key, { order, cancelled: false });
    this.#maybeOpen.add(order.key);
    const keys = this.#byAsset.get(order.asset);
    if (keys === undefined) this.#byAsset.set(order.asset, [order.key]);
    else keys.push(order.key);
  }

  get(key: string): SignedOrder | undefined {
    return this.#entries.get(key)?.order;
  }

  /** The order is cancelled. */
  cancel(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.cancelled = true;
  }

  /** A hold takes quantity of those of its two orders whose party is the own key. */
  holdTaken(hold: OrderHold): void {
    if (this.#orderOfHold.has(hold.hold)) return;
    const orders: (readonly [string, OrderSide])[] = [];
    if (hold.seller === this.#self) orders.push([hold.ask, 'ask']);
    if (hold.buyer === this.#self) orders.push([hold.bid, 'bid']);
    if (orders.length === 0) return;
    this.#orderOfHold.set(
      hold.hold,
      orders.map(([key]) => key),
    );
    const state = this.#earlyReturns.delete(hold.hold) ? 'returned' : 'held';
    for (const [key, side] of orders) {
      const holds = this.#holds.get(key) ?? new Map<string, OwnHold>();
      holds.set(hold.hold, { side, quantity: hold.quantity, state: side === 'ask' ? state : 'held' });
      this.#holds.set(key, holds);
    }
  }

  /** A hold was given back: its quantity returns to an own ask, never to a bid. */
  holdReturned(hold: string): void {
    const orders = this.#orderOfHold.get(hold);
    if (orders === undefined) {
      if (this.#earlyReturns.size >= EARLY_RETURNS) this.#earlyReturns.clear();
      this.#earlyReturns.add(hold);
      return;
    }
    for (const key of orders) {
      const held = this.#holds.get(key)?.get(hold);
      if (held?.state === 'held' && held.side === 'ask') held.state = 'returned';
    }
  }

  /** The payment of a hold is final: what it took is traded for good. */
  holdSettled(hold: string): void {
    for (const key of this.#orderOfHold.get(hold) ?? []) {
      const held = this.#holds.get(key)?.get(hold);
      if (held?.state === 'held') held.state = 'settled';
    }
  }

  /** Licences that no hold has taken; 0 when the order is not open. */
  available(key: string): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#statusOf(entry) !== 'open') return 0;
    return entry.order.quantity - this.#taken(entry);
  }

  status(key: string): OrderStatus | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : this.#statusOf(entry);
  }

  view(key: string): Order | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : this.#viewOf(entry);
  }

  /** All own orders in order of number. */
  all(): readonly Order[] {
    return [...this.#entries.values()]
      .map((entry) => this.#viewOf(entry))
      .sort((a, b) => a.number - b.number);
  }

  /** Keys of the orders that are open now. */
  open(): readonly string[] {
    for (const key of this.#maybeOpen) if (this.status(key) !== 'open') this.#maybeOpen.delete(key);
    return [...this.#maybeOpen];
  }

  /** Keys of own orders on one asset. */
  onAsset(asset: string): readonly string[] {
    return this.#byAsset.get(asset) ?? [];
  }

  #sum(key: string, state: OwnHold['state']): number {
    let sum = 0;
    for (const hold of this.#holds.get(key)?.values() ?? []) if (hold.state === state) sum += hold.quantity;
    return sum;
  }

  #taken({ order }: Entry): number {
    return Math.min(order.quantity, this.#sum(order.key, 'held') + this.#sum(order.key, 'settled'));
  }

  #statusOf(entry: Entry): OrderStatus {
    if (this.#taken(entry) >= entry.order.quantity) return 'filled';
    if (entry.cancelled) return 'cancelled';
    return entry.order.expires <= this.#now() ? 'expired' : 'open';
  }

  #viewOf(entry: Entry): Order {
    const { order } = entry;
    const filled = Math.min(order.quantity, this.#sum(order.key, 'settled'));
    return {
      id: order.id,
      number: order.block.core.seq,
      side: order.side,
      owner: order.owner,
      asset: order.asset,
      price: order.price,
      quantity: order.quantity,
      filled,
      reserved: this.#taken(entry) - filled,
      created: order.created,
      expires: order.expires,
      status: this.#statusOf(entry),
      ...(order.document === undefined ? {} : { document: order.document }),
    };
  }
}
