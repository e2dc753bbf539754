interface Posting {
  slots: Int32Array<ArrayBuffer>;
  size: number;
  live: number;
}

/**
 * For every term the slots that may have it: appended when a slot comes, swept when more than half of a list is stale.
 * A slot may stand in a list twice, or after it lost the term, so whoever reads a list checks each slot and marks it.
 */
export class Postings {
  readonly #lists = new Map<string, Posting>();
  readonly #has: (slot: number, term: string) => boolean;

  /** `has` says whether a slot has a term now. */
  constructor(has: (slot: number, term: string) => boolean) {
    this.#has = has;
  }

  /** Terms with at least one slot. */
  get terms(): number {
    return this.#lists.size;
  }

  /** Slots that have a term, no more than this many. */
  count(term: string): number {
    return this.#lists.get(term)?.live ?? 0;
  }

  add(slot: number, term: string): void {
    let list = this.#lists.get(term);
    if (list === undefined) {
      list = { slots: new Int32Array(2), size: 0, live: 0 };
      this.#lists.set(term, list);
    }
    if (list.size === list.slots.length) {
      const more = new Int32Array(list.size + Math.max(2, list.size >> 1));
      more.set(list.slots);
      list.slots = more;
    }
    list.slots[list.size++] = slot;
    list.live++;
  }

  /** A slot loses a term; it must not have it any more when this is called. */
  remove(_slot: number, term: string): void {
    const list = this.#lists.get(term);
    if (list === undefined) return;
    list.live--;
    if (list.live <= 0) this.#lists.delete(term);
    else if (list.size > 2 * list.live + 16) this.#sweep(list, term);
  }

  /** Slots that may have a term, some of them twice, until `visit` returns `false`. */
  each(term: string, visit: (slot: number) => boolean): void {
    const list = this.#lists.get(term);
    if (list === undefined) return;
    for (let i = 0; i < list.size; i++) if (!visit(list.slots[i] as number)) return;
  }

  #sweep(list: Posting, term: string): void {
    const kept = new Set<number>();
    for (let i = 0; i < list.size; i++) {
      const slot = list.slots[i] as number;
      if (this.#has(slot, term)) kept.add(slot);
    }
    list.slots = Int32Array.from(kept);
    list.size = kept.size;
    list.live = kept.size;
  }
}
