import type { PublicKeyHex } from '@edmp/interface';

/** Cancels of one trader that are remembered: more than it can cancel while they travel. */
const PER_AUTHOR = 1_000;
/** Cancels remembered in all: 20 to 40 MiB with their blocks. */
const TOTAL = 65_536;

interface Cancelled {
  readonly order: string;
  readonly author: PublicKeyHex;
  /** The cancel's signed block. */
  readonly block: Uint8Array | undefined;
}

/**
 * Cancels, so that no relay brings a cancelled order back, and so that a peer that missed one can be told. Bounded per
 * author first: whoever cancels a lot forgets its own. A cancel may come before its order and counts for its author only.
 */
export class ClosedOrders {
  readonly #byAuthor = new Map<PublicKeyHex, Map<string, Cancelled>>();
  /** Cancels by the owner of an order that was known here, by order. */
  readonly #sure = new Map<string, Cancelled>();
  #size = 0;

  /** Cancels remembered. */
  get size(): number {
    return this.#size;
  }

  /** Remembers a cancel of `author`. `sure`: the order is known to be the author's. */
  remember(order: string, author: PublicKeyHex, block: Uint8Array | undefined, sure: boolean): void {
    let mine = this.#byAuthor.get(author);
    if (mine?.has(order) === true) {
      if (sure) this.vouch(order, author);
      return;
    }
    if (mine !== undefined && mine.size >= PER_AUTHOR) this.#forgetOldest(mine);
    else if (this.#size >= TOTAL) {
      for (const oldest of this.#byAuthor.values()) {
        this.#forgetOldest(mine ?? oldest);
        break;
      }
    }
    mine = this.#byAuthor.get(author) ?? new Map();
    this.#byAuthor.set(author, mine);
    const entry: Cancelled = { order, author, block };
    mine.set(order, entry);
    this.#size++;
    if (sure) this.#sure.set(order, entry);
  }

  /** Whether `author` cancelled the order, lately. */
  has(order: string, author: PublicKeyHex): boolean {
    return this.#byAuthor.get(author)?.has(order) === true;
  }

  /** The order came and is the author's: its early cancel may be told to others. */
  vouch(order: string, author: PublicKeyHex): void {
    const entry = this.#byAuthor.get(author)?.get(order);
    if (entry !== undefined) this.#sure.set(order, entry);
  }

  /** The block that cancels an order, when it is remembered. */
  cancelOf(order: string): Uint8Array | undefined {
    return this.#sure.get(order)?.block;
  }

  #forgetOldest(mine: Map<string, Cancelled>): void {
    for (const [order, entry] of mine) {
      mine.delete(order);
      if (this.#sure.get(order) === entry) this.#sure.delete(order);
      this.#size--;
      if (mine.size === 0) this.#byAuthor.delete(entry.author);
      return;
    }
  }
}
