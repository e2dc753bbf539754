import type { PublicKeyHex } from '@edmp/interface';
import { SlotHeap } from './slot-heap.ts';

/** Bytes of a block that count as one order when shares are compared: some more than an ordinary ask has. */
const BYTES_PER_UNIT = 1_024;

interface Trader {
  readonly hex: PublicKeyHex;
  /** Slots in order of expiry, then of arrival: the last gives way first. */
  readonly orders: number[];
}

/** What a trader's share is made of, and who gives way. */
export interface TraderColumns {
  expires(slot: number): number;
  bytes(slot: number): number;
  owner(slot: number): number;
}

/**
 * How much of the node's room each trader holds, and who gives way first: unfunded before funded, among them who holds
 * most, and of that trader's orders the one that expires last (M14). Every step costs O(log n).
 */
export class Traders {
  readonly #columns: TraderColumns;
  readonly #self: PublicKeyHex;
  readonly #funded: ((owner: PublicKeyHex) => boolean) | undefined;
  readonly #numbers = new Map<PublicKeyHex, number>();
  readonly #traders: (Trader | undefined)[] = [];
  readonly #free: number[] = [];
  #units = new Float64Array(16);
  /** Whoever holds most is first; this node’s own key is in neither. */
  readonly #unfundedByUnits: SlotHeap = new SlotHeap((trader) => -(this.#units[trader] as number));
  readonly #fundedByUnits: SlotHeap = new SlotHeap((trader) => -(this.#units[trader] as number));

  /** `funded` says whether a trader has money or licences behind its orders; absent = everybody has. */
  constructor(
    columns: TraderColumns,
    self: PublicKeyHex,
    funded: ((owner: PublicKeyHex) => boolean) | undefined,
  ) {
    this.#columns = columns;
    this.#self = self;
    this.#funded = funded;
  }

  /** Traders with orders. */
  get size(): number {
    return this.#numbers.size;
  }

  /** Number of a trader with orders, or −1. */
  numberOf(owner: PublicKeyHex): number {
    return this.#numbers.get(owner) ?? -1;
  }

  hexOf(trader: number): PublicKeyHex {
    return (this.#traders[trader]?.hex ?? '') as PublicKeyHex;
  }

  /** Orders of a trader. */
  count(owner: PublicKeyHex): number {
    return this.ordersOf(owner).length;
  }

  /** Slots of a trader's orders, soonest to expire first. */
  ordersOf(owner: PublicKeyHex): readonly number[] {
    return this.#traders[this.numberOf(owner)]?.orders ?? [];
  }

  /** The trader's number, given now if it has no orders yet. An order must follow. */
  enter(owner: PublicKeyHex): number {
    const known = this.#numbers.get(owner);
    if (known !== undefined) return known;
    const trader = this.#free.pop() ?? this.#traders.length;
    this.#numbers.set(owner, trader);
    this.#traders[trader] = { hex: owner, orders: [] };
    if (trader >= this.#units.length) {
      const more = new Float64Array(Math.max(trader + 1, this.#units.length * 2));
      more.set(this.#units);
      this.#units = more;
    }
    this.#units[trader] = 0;
    return trader;
  }

  /** An order whose columns are filled came. */
  add(slot: number): void {
    const number = this.#columns.owner(slot);
    const trader = this.#traders[number];
    if (trader === undefined) return;
    trader.orders.splice(this.#placeOf(trader, slot), 0, slot);
    this.#weigh(trader, number, this.#unitsOf(slot));
  }

  /** An order goes; its columns are still filled. */
  remove(slot: number): void {
    const number = this.#columns.owner(slot);
    const trader = this.#traders[number];
    if (trader === undefined) return;
    let at = this.#placeOf(trader, slot) - 1;
    while (at >= 0 && trader.orders[at] !== slot) at--;
    if (at < 0) return;
    trader.orders.splice(at, 1);
    this.#weigh(trader, number, -this.#unitsOf(slot));
    if (trader.orders.length > 0) return;
    this.#unfundedByUnits.remove(number);
    this.#fundedByUnits.remove(number);
    this.#numbers.delete(trader.hex);
    this.#traders[number] = undefined;
    this.#free.push(number);
  }

  /** The order that gives way for a new one of `bytes` bytes that expires at `expires`; −1 when the new one is refused. */
  victim(owner: PublicKeyHex, bytes: number, expires: number): number {
    const own = this.numberOf(owner);
    const units = (own === -1 ? 0 : (this.#units[own] as number)) + unitsFor(bytes);
    const funded = this.#funded?.(owner) ?? true;
    const unfunded = this.#settled(this.#unfundedByUnits);
    // Whoever has nothing behind its orders gives way to whoever has, however little it holds.
    const most = funded && unfunded === -1 ? this.#settled(this.#fundedByUnits) : unfunded;
    if (
      most !== -1 &&
      most !== own &&
      (this.#units[most] as number) > (funded && unfunded !== -1 ? 0 : units)
    ) {
      return this.#traders[most]?.orders.at(-1) ?? -1;
    }
    // Nobody holds more: at most one of its own that lasts longer makes room.
    const last = this.#traders[own]?.orders.at(-1) ?? -1;
    return last !== -1 && this.#columns.expires(last) > expires ? last : -1;
  }

  /** The first of a heap, after moving those whose funding changed; each look-up settles at most a few. */
  #settled(heap: SlotHeap): number {
    for (let looks = 0; looks < 8; looks++) {
      const first = heap.first();
      const trader = this.#traders[first];
      if (trader === undefined || this.#heapOf(trader) === heap) return first;
      heap.remove(first);
      this.#heapOf(trader).push(first);
    }
    return heap.first();
  }

  #heapOf(trader: Trader): SlotHeap {
    return (this.#funded?.(trader.hex) ?? true) ? this.#fundedByUnits : this.#unfundedByUnits;
  }

  #weigh(trader: Trader, number: number, by: number): void {
    this.#unfundedByUnits.remove(number);
    this.#fundedByUnits.remove(number);
    this.#units[number] = (this.#units[number] as number) + by;
    if (trader.hex !== this.#self) this.#heapOf(trader).push(number);
  }

  #unitsOf(slot: number): number {
    return unitsFor(this.#columns.bytes(slot));
  }

  /** Place after all orders of the trader that expire no later. */
  #placeOf(trader: Trader, slot: number): number {
    const expires = this.#columns.expires(slot);
    let low = 0;
    for (let high = trader.orders.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#columns.expires(trader.orders[middle] as number) <= expires) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function unitsFor(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BYTES_PER_UNIT));
}
