import type { PublicKeyHex } from '@edmp/interface';

/** A hold as the ledger reports it: what takes quantity out of an ask and a bid (DESIGN §4.3). */
export interface OrderHold {
  /** Name of the hold: the text of the id of the proposal that it agrees to, of which at most one hold is honoured. */
  readonly hold: string;
  /** Text of the ask's id. */
  readonly ask: string;
  /** Text of the bid's id. */
  readonly bid: string;
  readonly seller: PublicKeyHex;
  readonly buyer: PublicKeyHex;
  /** Licences. */
  readonly quantity: number;
}

/** Returns that came before their hold, at most: a few seconds of the busiest ledger. */
const EARLY_RETURNS = 4_096;

interface Taken {
  sum: bigint;
  /** Remembered holds that count here. */
  holds: number;
}

/**
 * What holds take of orders. The result is the same in whatever order holds, returns and orders come: a hold counts
 * against an ask for the key that it names as seller and against a bid for its buyer, so that a stranger's hold never
 * counts against the order of somebody else (M11), and sums are only compared with the quantity when somebody asks.
 */
export class Holds {
  readonly #limit: number;
  readonly #isKnown: (order: string) => boolean;
  readonly #holds = new Map<string, OrderHold & { returned: boolean }>();
  readonly #taken = new Map<string, Taken>();
  readonly #earlyReturns = new Set<string>();

  /** `isKnown` says whether an order is open here: what was taken of it is kept although its holds are forgotten. */
  constructor(limit: number, isKnown: (order: string) => boolean) {
    this.#limit = limit;
    this.#isKnown = isKnown;
  }

  /** Holds remembered. */
  get size(): number {
    return this.#holds.size;
  }

  /** Whether nothing is taken of anything. */
  get isEmpty(): boolean {
    return this.#taken.size === 0;
  }

  /** Counts a hold; `false` when it was counted before. */
  take(hold: OrderHold): boolean {
    if (this.#holds.has(hold.hold) || !Number.isSafeInteger(hold.quantity) || hold.quantity < 1) return false;
    if (this.#holds.size >= this.#limit) this.#forgetOldest();
    const returned = this.#earlyReturns.delete(hold.hold);
    this.#holds.set(hold.hold, { ...hold, returned });
    this.#count(hold.ask, hold.seller, returned ? 0n : BigInt(hold.quantity), 1);
    this.#count(hold.bid, hold.buyer, BigInt(hold.quantity), 1);
    return true;
  }

  /** Gives a hold's quantity back to its ask, once. Returns the hold when that changed something. */
  giveBack(id: string): OrderHold | undefined {
    const hold = this.#holds.get(id);
    if (hold === undefined) {
      if (this.#earlyReturns.size >= EARLY_RETURNS) {
        for (const oldest of this.#earlyReturns) {
          this.#earlyReturns.delete(oldest);
          break;
        }
      }
      this.#earlyReturns.add(id);
      return undefined;
    }
    if (hold.returned) return undefined;
    hold.returned = true;
    this.#count(hold.ask, hold.seller, -BigInt(hold.quantity), 0);
    return hold;
  }

  /** Licences of `quantity` that are left of an order of `owner`. */
  left(order: string, owner: PublicKeyHex, quantity: number): number {
    if (this.#taken.size === 0) return quantity;
    const sum = this.#taken.get(`${order} ${owner}`)?.sum ?? 0n;
    const left = BigInt(quantity) - sum;
    return left <= 0n ? 0 : Number(left);
  }

  /** An order is gone for good. */
  orderGone(order: string, owner: PublicKeyHex): void {
    const name = `${order} ${owner}`;
    if (this.#taken.get(name)?.holds === 0) this.#taken.delete(name);
  }

  #count(order: string, party: PublicKeyHex, quantity: bigint, holds: number): void {
    const name = `${order} ${party}`;
    const taken = this.#taken.get(name) ?? { sum: 0n, holds: 0 };
    taken.sum += quantity;
    taken.holds += holds;
    if (taken.holds === 0 && !this.#isKnown(order)) this.#taken.delete(name);
    else this.#taken.set(name, taken);
  }

  #forgetOldest(): void {
    for (const [id, hold] of this.#holds) {
      this.#holds.delete(id);
      this.#count(hold.ask, hold.seller, 0n, -1);
      this.#count(hold.bid, hold.buyer, 0n, -1);
      return;
    }
  }
}
