import type { SignedOrder } from '../blocks/order.ts';
import type { AskPutAside, Order, OrderStatus } from '../order/order.ts';

/** What this node's trades have taken of its own orders, by the text of the order's id. */
export interface TakenQuantities {
  /** Licences of trades that go on. */
  pending(order: string): number;
  /** Licences of trades that ended and keep them. */
  settled(order: string): number;
}

interface Entry {
  readonly order: SignedOrder;
  cancelled: boolean;
  /** It will be cancelled as soon as that is signed. */
  closing: boolean;
  /** Licences in trades that went well. */
  filled: number;
}

/** This node's own orders of both sides, closed ones too. One entry for each that its chain holds. */
export class OwnOrders {
  readonly #now: () => number;
  readonly #taken: TakenQuantities;
  readonly #asideOf: (bid: string) => readonly AskPutAside[];
  readonly #entries = new Map<string, Entry>();
  readonly #byAsset = new Map<string, Set<string>>();
  /** Candidates for open; closed ones leave when somebody looks. */
  readonly #maybeOpen = new Set<string>();

  /** `asideOf` tells what one's own bid leaves alone, and why. */
  constructor(
    now: () => number,
    taken: TakenQuantities,
    asideOf: (bid: string) => readonly AskPutAside[] = () => [],
  ) {
    this.#now = now;
    this.#taken = taken;
    this.#asideOf = asideOf;
  }

  add(order: SignedOrder): void {
    if (this.#entries.has(order.key)) return;
    this.#entries.set(order.key, { order, cancelled: false, closing: false, filled: 0 });
    this.#maybeOpen.add(order.key);
    const keys = this.#byAsset.get(order.asset) ?? new Set();
    this.#byAsset.set(order.asset, keys.add(order.key));
  }

  get(key: string): SignedOrder | undefined {
    return this.#entries.get(key)?.order;
  }

  /** One’s own ask, and whether it was cancelled. */
  ask(key: string): { readonly order: SignedOrder; readonly cancelled: boolean } | undefined {
    const entry = this.#entries.get(key);
    return entry?.order.side === 'ask' ? entry : undefined;
  }

  /** One’s own bid while it is open. */
  openBid(key: string): SignedOrder | undefined {
    const entry = this.#entries.get(key);
    const open = entry?.order.side === 'bid' && !entry.closing && this.#statusOf(entry) === 'open';
    return open ? entry.order : undefined;
  }

  /** A bid is about to be cancelled: nothing more is bought for it. */
  close(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.closing = true;
  }

  cancel(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.cancelled = true;
  }

  /** A trade on the order went well. */
  filled(key: string, quantity: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.filled += quantity;
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
    return Array.from(this.#entries.values(), (entry) => this.#viewOf(entry)).sort(
      (a, b) => a.number - b.number,
    );
  }

  /** Keys of the orders that are open now. */
  open(): readonly string[] {
    for (const key of this.#maybeOpen) if (this.status(key) !== 'open') this.#maybeOpen.delete(key);
    return [...this.#maybeOpen];
  }

  /** Keys of own orders on one asset. */
  onAsset(asset: string): Iterable<string> {
    return this.#byAsset.get(asset) ?? [];
  }

  /** Licences that no trade has taken; 0 when the order is not open. */
  available(key: string): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#statusOf(entry) !== 'open') return 0;
    const taken = this.#taken.pending(key) + this.#taken.settled(key);
    return Math.max(0, entry.order.quantity - taken);
  }

  #statusOf({ order, cancelled, filled }: Entry): OrderStatus {
    if (filled >= order.quantity) return 'filled';
    if (cancelled) return 'cancelled';
    return order.expires <= this.#now() ? 'expired' : 'open';
  }

  #viewOf(entry: Entry): Order {
    const { order, filled } = entry;
    const status = this.#statusOf(entry);
    // A bid that got all it asked for leaves nothing alone.
    const aside = order.side === 'bid' && status !== 'filled' ? this.#asideOf(order.key) : [];
    return {
      id: order.id,
      number: order.block.core.seq,
      side: order.side,
      owner: order.owner,
      asset: order.asset,
      price: order.price,
      quantity: order.quantity,
      filled,
      reserved: this.#taken.pending(order.key),
      created: order.created,
      expires: order.expires,
      status,
      ...(aside.length === 0 ? {} : { aside }),
      ...(order.document === undefined ? {} : { document: order.document }),
    };
  }
}
