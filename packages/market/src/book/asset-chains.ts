import { DigestIndex, type HashSecret } from '../order/digest-index.ts';
import { ASK_SIDE, type OrderTable } from '../order/order-table.ts';

/**
 * The sparse form of many small markets: the orders of one asset as one linked list in matching order, four bytes an
 * order and some twelve an asset. Lists stay short: whoever uses this moves an asset with many orders to a book.
 */
export class AssetChains {
  readonly #table: OrderTable;
  readonly #heads: DigestIndex;
  /** Following order of the same asset plus one; 0 = none. */
  #next = new Int32Array(16);

  constructor(table: OrderTable, secret: HashSecret) {
    this.#table = table;
    this.#heads = new DigestIndex(() => table.assets, secret);
  }

  /** Assets with orders here. */
  get assets(): number {
    return this.#heads.size;
  }

  /** First order of an asset in matching order, or −1. `digest` of the asset, from `at` on. */
  first(digest: Uint8Array, at = 0): number {
    return this.#heads.find(digest, at);
  }

  /** The order after another of the same asset, or −1. */
  next(slot: number): number {
    return (this.#next[slot] as number) - 1;
  }

  /** Takes in an order; returns how many of its asset there are. */
  add(slot: number): number {
    if (slot >= this.#next.length) {
      const more = new Int32Array(Math.max(slot + 1, this.#next.length * 2));
      more.set(this.#next);
      this.#next = more;
    }
    const head = this.#headOf(slot);
    if (head === -1 || this.#compare(slot, head) < 0) {
      this.#next[slot] = head + 1;
      if (head === -1) this.#heads.add(slot);
      else this.#heads.replace(head, slot);
    } else {
      let at = head;
      for (let next = this.next(at); next !== -1 && this.#compare(slot, next) > 0; next = this.next(at))
        at = next;
      this.#next[slot] = this.#next[at] as number;
      this.#next[at] = slot + 1;
    }
    let count = 0;
    for (let at = this.#headOf(slot); at !== -1; at = this.next(at)) count++;
    return count;
  }

  /** Takes an order out; `false` when it is not here. */
  remove(slot: number): boolean {
    const head = this.#headOf(slot);
    if (head === slot) {
      const next = this.next(slot);
      if (next === -1) this.#heads.remove(slot);
      else this.#heads.replace(slot, next);
      this.#next[slot] = 0;
      return true;
    }
    for (let at = head; at !== -1; at = this.next(at)) {
      if (this.next(at) !== slot) continue;
      this.#next[at] = this.#next[slot] as number;
      this.#next[slot] = 0;
      return true;
    }
    return false;
  }

  #headOf(slot: number): number {
    return this.#heads.find(this.#table.assets, slot * 32);
  }

  /** By side, currency, price (best first) and time. */
  #compare(a: number, b: number): number {
    const table = this.#table;
    const side = table.sides[a] as number;
    return (
      side - (table.sides[b] as number) ||
      (table.currencies[a] as number) - (table.currencies[b] as number) ||
      (side === ASK_SIDE ? 1 : -1) * table.comparePrices(a, b) ||
      table.compareTimes(a, b)
    );
  }
}
