/** Slots of a chunk: shifting half of them is one short memory move, and 10⁵ slots are some 300 chunks. */
const CHUNK = 512;

interface Chunk {
  readonly slots: Int32Array;
  size: number;
}

/**
 * Slots in order, kept in order at every step: a list of sorted chunks. Insert and remove cost O(log n) comparisons and
 * one short move, so no search ever pays for a sort.
 */
export class SortedSlots {
  readonly #compare: (a: number, b: number) => number;
  readonly #chunks: Chunk[] = [];
  #size = 0;

  /** `compare` must be a total order that does not change while slots are here. */
  constructor(compare: (a: number, b: number) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a slot that is not here. */
  add(slot: number): void {
    const at = Math.max(0, this.#chunkFor(slot));
    const chunk = this.#chunks[at];
    this.#size++;
    if (chunk === undefined) {
      this.#chunks.push(chunkOf([slot]));
      return;
    }
    const place = this.#placeIn(chunk, slot);
    if (chunk.size === CHUNK) {
      const right = chunkOf(chunk.slots.subarray(CHUNK / 2));
      chunk.size = CHUNK / 2;
      this.#chunks.splice(at + 1, 0, right);
      if (place > CHUNK / 2) insert(right, place - CHUNK / 2, slot);
      else insert(chunk, place, slot);
      return;
    }
    insert(chunk, place, slot);
  }

  /** Takes a slot out; `false` when it is not here. */
  remove(slot: number): boolean {
    const at = this.#chunkFor(slot);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const place = this.#placeIn(chunk, slot) - 1;
    if (place < 0 || chunk.slots[place] !== slot) return false;
    chunk.slots.copyWithin(place, place + 1, chunk.size);
    chunk.size--;
    this.#size--;
    const next = this.#chunks[at + 1];
    if (chunk.size === 0) {
      this.#chunks.splice(at, 1);
    } else if (next !== undefined && chunk.size + next.size <= CHUNK / 2) {
      chunk.slots.set(next.slots.subarray(0, next.size), chunk.size);
      chunk.size += next.size;
      this.#chunks.splice(at + 1, 1);
    }
    return true;
  }

  /** All slots in order, until `visit` returns `false`. */
  each(visit: (slot: number) => boolean): void {
    for (const chunk of this.#chunks) {
      for (let i = 0; i < chunk.size; i++) if (!visit(chunk.slots[i] as number)) return;
    }
  }

  /** The last chunk whose first slot is not after `slot`; −1 when all are. */
  #chunkFor(slot: number): number {
    let low = 0;
    for (let high = this.#chunks.length; low < high; ) {
      const middle = (low + high) >> 1;
      const first = this.#chunks[middle]?.slots[0] as number;
      if (this.#compare(first, slot) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Place after all slots of the chunk that are not after `slot`. */
  #placeIn(chunk: Chunk, slot: number): number {
    let low = 0;
    for (let high = chunk.size; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#compare(chunk.slots[middle] as number, slot) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function chunkOf(slots: ArrayLike<number>): Chunk {
  const chunk = { slots: new Int32Array(CHUNK), size: slots.length };
  chunk.slots.set(slots);
  return chunk;
}

function insert(chunk: Chunk, place: number, slot: number): void {
  chunk.slots.copyWithin(place + 1, place, chunk.size);
  chunk.slots[place] = slot;
  chunk.size++;
}
