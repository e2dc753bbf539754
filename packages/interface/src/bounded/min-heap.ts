/** An item in a {@link MinHeap}; what takes it out again. */
export interface HeapEntry<T> {
  readonly rank: number;
  readonly item: T;
}

/** A binary heap of items by numeric rank; among equal ranks, what was pushed first comes first. */
export interface MinHeap<T> {
  readonly size: number;
  /** Adds an item, in logarithmic time. */
  push(rank: number, item: T): HeapEntry<T>;
  /** The item of the lowest rank, left in place. */
  peek(): HeapEntry<T> | undefined;
  /** Lowest rank, or +∞. */
  peekRank(): number;
  /** Takes out an item of the lowest rank, in logarithmic time. */
  pop(): T | undefined;
  /** Takes out any item, in logarithmic time; `false` when it is not in the heap. */
  remove(entry: HeapEntry<T>): boolean;
}

interface Slot<T> extends HeapEntry<T> {
  /** Order of pushing. */
  readonly order: number;
  /** Place in the heap; -1 = taken out. */
  index: number;
}

const isBefore = <T>(a: Slot<T>, b: Slot<T>): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.order < b.order);

/** The heap itself; a class because simulations make one for each timer queue and call it without end. */
class BinaryHeap<T> implements MinHeap<T> {
  readonly #slots: Slot<T>[] = [];
  #pushed = 0;

  get size(): number {
    return this.#slots.length;
  }

  push(rank: number, item: T): HeapEntry<T> {
    const slot: Slot<T> = { rank, item, order: this.#pushed++, index: this.#slots.length };
    this.#slots.push(slot);
    this.#rise(slot);
    return slot;
  }

  peek(): HeapEntry<T> | undefined {
    return this.#slots[0];
  }

  peekRank(): number {
    return this.#slots[0]?.rank ?? Number.POSITIVE_INFINITY;
  }

  pop(): T | undefined {
    const first = this.#slots[0];
    if (first !== undefined) this.remove(first);
    return first?.item;
  }

  remove(entry: HeapEntry<T>): boolean {
    const slot = entry as Slot<T>;
    const { index } = slot;
    if (this.#slots[index] !== slot) return false;
    const last = this.#slots.pop();
    slot.index = -1;
    if (last === undefined || last === slot) return true;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
    return true;
  }

  #place(slot: Slot<T>, index: number): void {
    slot.index = index;
    this.#slots[index] = slot;
  }

  #rise(slot: Slot<T>): void {
    while (slot.index > 0) {
      const parent = this.#slots[(slot.index - 1) >> 1];
      if (parent === undefined || !isBefore(slot, parent)) return;
      this.#swap(slot, parent);
    }
  }

  #sink(slot: Slot<T>): void {
    for (;;) {
      const left = this.#slots[2 * slot.index + 1];
      const right = this.#slots[2 * slot.index + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, slot)) return;
      this.#swap(child, slot);
    }
  }

  #swap(a: Slot<T>, b: Slot<T>): void {
    const { index } = a;
    this.#place(a, b.index);
    this.#place(b, index);
  }
}

/** An empty {@link MinHeap}. It holds what it is given: its bound is that of what it ranks. */
export function minHeap<T>(): MinHeap<T> {
  return new BinaryHeap<T>();
}
