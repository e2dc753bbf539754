import type { PublicKeyHex } from '@edmp/interface';
import type { SignedOrder } from '../blocks/order.ts';
import { digestOfKey } from '../codec/order-id.ts';
import { ClosedOrders } from './closed-orders.ts';
import type { HashSecret } from './digest-index.ts';
import { Holds, type OrderHold } from './holds.ts';
import type { OrderLimits } from './limits.ts';
import { type DecodeKnown, OrderTable } from './order-table.ts';
import { SlotHeap } from './slot-heap.ts';
import { Traders } from './traders.ts';

/** Why an order was not taken in. */
export type RegistryAnswer = 'added' | 'known' | 'closed' | 'expired' | 'trader-limit' | 'total-limit';

/** Why an order went. */
export type GoneReason = 'cancelled' | 'expired' | 'evicted';

/** A change of an open order; the row of `slot` can still be read, also when the order goes. */
export type OrderChange =
  | { readonly type: 'added'; readonly slot: number }
  /** What is left of it changed, from `before`. */
  | { readonly type: 'left'; readonly slot: number; readonly before: number }
  | { readonly type: 'gone'; readonly slot: number; readonly reason: GoneReason };

/** What a registry needs. */
export interface OrderRegistryOptions {
  readonly limits: OrderLimits;
  /** The local clock, ms. */
  readonly now: () => number;
  /** Own orders are never refused or evicted. */
  readonly self: PublicKeyHex;
  readonly secret: HashSecret;
  readonly decode: DecodeKnown;
  /** Whether a trader has something behind its orders; absent = everybody has. */
  readonly funded?: ((owner: PublicKeyHex) => boolean) | undefined;
}

/**
 * Everybody's open orders: bounded in number and bytes, fair by trader, with what holds have taken of them. An order
 * that is sold out stays until it expires or must give way, because a hold may be given back.
 */
export class OrderRegistry {
  readonly table: OrderTable;
  readonly closed: ClosedOrders = new ClosedOrders();
  readonly #limits: OrderLimits;
  readonly #now: () => number;
  readonly #self: PublicKeyHex;
  readonly #holds: Holds;
  readonly #traders: Traders;
  readonly #expiries: SlotHeap;
  readonly #listeners = new Set<(change: OrderChange) => void>();

  constructor(options: OrderRegistryOptions) {
    const table = new OrderTable(options.secret, options.decode);
    this.table = table;
    this.#limits = options.limits;
    this.#now = options.now;
    this.#self = options.self;
    this.#expiries = new SlotHeap((slot) => table.expires[slot] as number);
    this.#holds = new Holds(options.limits.holds, (order) => this.find(order) !== -1);
    this.#traders = new Traders(
      {
        expires: (slot) => table.expires[slot] as number,
        bytes: (slot) => table.arena.lengthOf(slot),
        owner: (slot) => table.owners[slot] as number,
      },
      options.self,
      options.funded,
    );
  }

  /** Open orders. */
  get size(): number {
    return this.table.size;
  }

  /** Bytes of their blocks. */
  get bytes(): number {
    return this.table.arena.bytes;
  }

  /** Traders with open orders. */
  get traders(): number {
    return this.#traders.size;
  }

  /** Listens until the returned function is called. */
  on(listener: (change: OrderChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Slot of an order by the text of its id, or −1. */
  find(key: string): number {
    const digest = digestOfKey(key);
    return digest === undefined ? -1 : this.table.find(digest);
  }

  /** Slots of all orders of a trader, soonest to expire first. */
  ordersOf(owner: PublicKeyHex): readonly number[] {
    return this.#traders.ordersOf(owner);
  }

  /** Key of an order's owner. */
  ownerOf(slot: number): PublicKeyHex {
    return this.#traders.hexOf(this.table.owners[slot] as number);
  }

  /** Takes in an order that passed all checks. */
  add(order: SignedOrder): RegistryAnswer {
    const { key, ownerHex } = order;
    const now = this.#now();
    if (this.table.find(order.id.multihash.digest) !== -1) return 'known';
    if (this.closed.has(key, ownerHex)) {
      this.closed.vouch(key, ownerHex);
      return 'closed';
    }
    if (order.expires <= now) return 'expired';
    if (ownerHex !== this.#self) {
      if (this.#traders.count(ownerHex) >= this.#limits.perTrader) return 'trader-limit';
      if (!this.#makeRoom(ownerHex, order.block.bytes.length, order.expires)) return 'total-limit';
    }
    const slot = this.table.put(order, this.#traders.enter(ownerHex), Math.min(order.created, now));
    this.table.left[slot] = this.#holds.left(key, ownerHex, order.quantity);
    this.table.remember(slot, order);
    this.#traders.add(slot);
    this.#expiries.push(slot);
    this.#tell({ type: 'added', slot });
    return 'added';
  }

  /**
   * Takes in a cancel that `author` signed; `false` when the order is known to be somebody else's. `block`: its bytes,
   * for peers that missed it.
   */
  cancel(key: string, author: PublicKeyHex, block: Uint8Array | undefined): boolean {
    const slot = this.find(key);
    if (slot !== -1 && this.ownerOf(slot) !== author) return false;
    this.closed.remember(key, author, block?.slice(), slot !== -1);
    if (slot !== -1) this.#drop(slot, 'cancelled');
    return true;
  }

  /** Counts a hold against its ask and its bid, as far as its parties own them. */
  holdTaken(hold: OrderHold): void {
    if (!this.#holds.take(hold)) return;
    this.#recount(hold.ask);
    this.#recount(hold.bid);
  }

  /** Gives a hold's quantity back to its ask. */
  holdReturned(hold: string): void {
    const returned = this.#holds.giveBack(hold);
    if (returned !== undefined) this.#recount(returned.ask);
  }

  /** Takes out what expires at or before `now`; returns how many went. */
  expire(now: number): number {
    let gone = 0;
    for (let slot = this.#expiries.first(); slot !== -1; slot = this.#expiries.first()) {
      if ((this.table.expires[slot] as number) > now) break;
      this.#drop(slot, 'expired');
      gone++;
    }
    return gone;
  }

  /** Moment of the next expiry, or +∞. */
  nextExpiry(): number {
    const slot = this.#expiries.first();
    return slot === -1 ? Number.POSITIVE_INFINITY : (this.table.expires[slot] as number);
  }

  #makeRoom(owner: PublicKeyHex, bytes: number, expires: number): boolean {
    const isFull = (): boolean => this.size >= this.#limits.total || this.bytes + bytes > this.#limits.bytes;
    if (isFull()) this.expire(this.#now());
    while (isFull()) {
      const victim = this.#traders.victim(owner, bytes, expires);
      if (victim === -1) return false;
      this.#drop(victim, 'evicted');
    }
    return true;
  }

  #recount(key: string): void {
    const slot = this.find(key);
    if (slot === -1) return;
    const before = this.table.left[slot] as number;
    const left = this.#holds.left(key, this.ownerOf(slot), this.table.quantities[slot] as number);
    if (left === before) return;
    this.table.left[slot] = left;
    this.#tell({ type: 'left', slot, before });
  }

  #drop(slot: number, reason: GoneReason): void {
    this.#tell({ type: 'gone', slot, reason });
    if (!this.#holds.isEmpty) this.#holds.orderGone(this.table.key(slot), this.ownerOf(slot));
    this.#expiries.remove(slot);
    this.#traders.remove(slot);
    this.table.free(slot);
  }

  #tell(change: OrderChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
