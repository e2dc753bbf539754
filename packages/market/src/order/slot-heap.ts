/**
 * A binary min-heap of small integers ("slots") by a rank that the owner keeps elsewhere. Every slot knows its place, so
 * taking one out of the middle costs O(log n) like any other step; 8 bytes a slot.
 */
export class SlotHeap {
  readonly #rank: (slot: number) => number;
  #heap = new Int32Array(16);
  /** Place of a slot plus one; 0 = not in the heap. */
  #place = new Int32Array(16);
  #size = 0;

  /** `rank` must not change while a slot is in the heap, unless {@link SlotHeap.update} follows. */
  constructor(rank: (slot: number) => number) {
    this.#rank = rank;
  }

  get size(): number {
    return this.#size;
  }

  /** The slot of the lowest rank, or −1. */
  first(): number {
    return this.#size === 0 ? -1 : (this.#heap[0] as number);
  }

  has(slot: number): boolean {
    return slot < this.#place.length && this.#place[slot] !== 0;
  }

  /** Adds a slot that is not in the heap. */
  push(slot: number): void {
    if (this.#size === this.#heap.length) this.#heap = grown(this.#heap, this.#size + 1);
    if (slot >= this.#place.length) this.#place = grown(this.#place, slot + 1);
    this.#set(this.#size, slot);
    this.#rise(this.#size++);
  }

  /** Takes a slot out; nothing happens when it is not in the heap. */
  remove(slot: number): void {
    if (!this.has(slot)) return;
    const at = (this.#place[slot] as number) - 1;
    this.#place[slot] = 0;
    const last = this.#heap[--this.#size] as number;
    if (at === this.#size) return;
    this.#set(at, last);
    this.#rise(at);
    this.#sink((this.#place[last] as number) - 1);
  }

  /** Puts a slot whose rank changed back into order. */
  update(slot: number): void {
    if (!this.has(slot)) return;
    this.#rise((this.#place[slot] as number) - 1);
    this.#sink((this.#place[slot] as number) - 1);
  }

  #set(at: number, slot: number): void {
    this.#heap[at] = slot;
    this.#place[slot] = at + 1;
  }

  #rise(start: number): void {
    const slot = this.#heap[start] as number;
    const rank = this.#rank(slot);
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent] as number;
      if (this.#rank(above) <= rank) break;
      this.#set(at, above);
      at = parent;
    }
    this.#set(at, slot);
  }

  #sink(start: number): void {
    const slot = this.#heap[start] as number;
    const rank = this.#rank(slot);
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (
        child + 1 < this.#size &&
        this.#rank(this.#heap[child + 1] as number) < this.#rank(this.#heap[child] as number)
      ) {
        child++;
      }
      const below = this.#heap[child] as number;
      if (this.#rank(below) >= rank) break;
      this.#set(at, below);
      at = child;
    }
    this.#set(at, slot);
  }
}

function grown(from: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(Math.max(least, from.length * 2));
  to.set(from);
  return to;
}
