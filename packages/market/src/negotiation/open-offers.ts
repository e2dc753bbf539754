/**
 * Offers that this node has open with each seller: no more than sellers make to one buyer, so that many bids at once
 * wait for their turn here and are not turned away there. Bounded by this node’s own bids that wait.
 */
export class OpenOffers {
  readonly #max: number;
  readonly #again: (bid: string) => void;
  readonly #open = new Map<string, number>();
  readonly #waiting = new Map<string, Set<string>>();

  /** `again` is called with a bid that was refused a place, when there is one. */
  constructor(max: number, again: (bid: string) => void) {
    this.#max = max;
    this.#again = again;
  }

  /** Takes a place with a seller; `false`: there is none now, and the bid is called when there is. */
  take(seller: string, bid: string): boolean {
    const open = this.#open.get(seller) ?? 0;
    if (open >= this.#max) {
      this.#waiting.set(seller, (this.#waiting.get(seller) ?? new Set()).add(bid));
      return false;
    }
    this.#open.set(seller, open + 1);
    this.#leave(seller, bid);
    return true;
  }

  /** Gives a place back. */
  give(seller: string): void {
    const left = (this.#open.get(seller) ?? 1) - 1;
    if (left === 0) this.#open.delete(seller);
    else this.#open.set(seller, left);
    this.next();
  }

  /** Calls the bid that waited longest for each seller with a free place: when one was given back, or was not taken. */
  next(): void {
    for (const [seller, waiting] of [...this.#waiting]) {
      if ((this.#open.get(seller) ?? 0) >= this.#max) continue;
      const [bid] = waiting;
      if (bid === undefined) continue;
      this.#leave(seller, bid);
      this.#again(bid);
    }
  }

  #leave(seller: string, bid: string): void {
    const waiting = this.#waiting.get(seller);
    waiting?.delete(bid);
    if (waiting?.size === 0) this.#waiting.delete(seller);
  }
}
