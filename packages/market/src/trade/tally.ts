/** What trades have taken of one order. */
interface Entry {
  /** Licences of trades that ended and keep them. */
  settled: number;
  /** Licences of trades that go on, by trade. */
  readonly open: Map<string, number>;
  /** Sum over `open`. */
  pending: number;
}

/** What this node's trades have taken of its own orders. Costs an entry for each order and each unfinished trade. */
export class TradeTally {
  readonly #orders = new Map<string, Entry>();

  /** A trade takes `quantity` of an order from now on, while it goes on. Taking again changes nothing. */
  take(order: string, trade: string, quantity: number): void {
    const entry = this.#entry(order);
    if (entry.open.has(trade)) return;
    entry.open.set(trade, quantity);
    entry.pending += quantity;
  }

  /** A trade ended and keeps what it took. */
  settle(order: string, trade: string, quantity: number): void {
    this.giveBack(order, trade);
    this.#entry(order).settled += quantity;
  }

  /** A trade takes nothing any more. */
  giveBack(order: string, trade: string): void {
    const entry = this.#orders.get(order);
    const quantity = entry?.open.get(trade);
    if (entry === undefined || quantity === undefined) return;
    entry.open.delete(trade);
    entry.pending -= quantity;
    if (entry.open.size === 0 && entry.settled === 0) this.#orders.delete(order);
  }

  /** Licences that trades which go on have taken. */
  pending(order: string): number {
    return this.#orders.get(order)?.pending ?? 0;
  }

  /** Licences that finished trades keep. */
  settled(order: string): number {
    return this.#orders.get(order)?.settled ?? 0;
  }

  /** Licences taken in all. */
  taken(order: string): number {
    const entry = this.#orders.get(order);
    return entry === undefined ? 0 : entry.pending + entry.settled;
  }

  #entry(order: string): Entry {
    let entry = this.#orders.get(order);
    if (entry === undefined) {
      entry = { settled: 0, open: new Map(), pending: 0 };
      this.#orders.set(order, entry);
    }
    return entry;
  }
}
