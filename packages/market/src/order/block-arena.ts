/** Bytes of one segment: room for several of the largest blocks, and little to move when one is cleared. */
const SEGMENT_BYTES = 256 * 1024;

interface Segment {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly slots: number[];
  used: number;
  live: number;
}

/**
 * Bytes of many blocks in few buffers. A `Uint8Array` of its own costs some 250 bytes a block, and a view into the
 * frame that brought it keeps the whole frame alive. Segments of which less than half is in use are moved together.
 */
export class BlockArena {
  readonly #segments = new Map<number, Segment>();
  #current: Segment = emptySegment(0);
  #currentIndex = -1;
  #nextIndex = 0;
  #segmentOf = new Int32Array(16);
  #offset = new Int32Array(16);
  #length = new Int32Array(16);
  #bytes = 0;

  /** Bytes of all blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Copies the bytes of a slot that holds none. */
  put(slot: number, bytes: Uint8Array): void {
    if (slot >= this.#offset.length) {
      const capacity = Math.max(slot + 1, this.#offset.length * 2);
      this.#segmentOf = resized(this.#segmentOf, capacity);
      this.#offset = resized(this.#offset, capacity);
      this.#length = resized(this.#length, capacity);
    }
    this.#bytes += bytes.length;
    this.#append(slot, bytes);
  }

  /** The bytes of a slot, as a view that is good until the next change: copy what is kept. */
  get(slot: number): Uint8Array {
    const segment = this.#segments.get(this.#segmentOf[slot] as number);
    const offset = this.#offset[slot] as number;
    return (segment ?? this.#current).data.subarray(offset, offset + (this.#length[slot] as number));
  }

  /** Bytes that a slot holds. */
  lengthOf(slot: number): number {
    return this.#length[slot] as number;
  }

  /** Forgets the bytes of a slot. */
  free(slot: number): void {
    const index = this.#segmentOf[slot] as number;
    const segment = this.#segments.get(index);
    const length = this.#length[slot] as number;
    this.#bytes -= length;
    this.#length[slot] = 0;
    this.#segmentOf[slot] = -1;
    if (segment === undefined) return;
    segment.live -= length;
    if (index !== this.#currentIndex && 2 * segment.live < segment.data.length) this.#clear(index, segment);
  }

  #append(slot: number, bytes: Uint8Array): void {
    if (this.#currentIndex === -1 || this.#current.used + bytes.length > this.#current.data.length) {
      const full = this.#current;
      const fullIndex = this.#currentIndex;
      this.#current = emptySegment(Math.max(SEGMENT_BYTES, bytes.length));
      this.#currentIndex = this.#nextIndex++;
      this.#segments.set(this.#currentIndex, this.#current);
      if (fullIndex !== -1 && 2 * full.live < full.data.length) this.#clear(fullIndex, full);
      if (this.#current.used + bytes.length > this.#current.data.length) {
        this.#append(slot, bytes);
        return;
      }
    }
    const segment = this.#current;
    segment.data.set(bytes, segment.used);
    segment.slots.push(slot);
    this.#segmentOf[slot] = this.#currentIndex;
    this.#offset[slot] = segment.used;
    this.#length[slot] = bytes.length;
    segment.used += bytes.length;
    segment.live += bytes.length;
  }

  /** Moves what a segment still holds to the current one. */
  #clear(index: number, segment: Segment): void {
    this.#segments.delete(index);
    for (const slot of segment.slots) {
      if (this.#segmentOf[slot] !== index) continue;
      const offset = this.#offset[slot] as number;
      this.#append(slot, segment.data.subarray(offset, offset + (this.#length[slot] as number)));
    }
  }
}

function emptySegment(size: number): Segment {
  return { data: new Uint8Array(size), slots: [], used: 0, live: 0 };
}

function resized(from: Int32Array<ArrayBuffer>, capacity: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(capacity);
  to.set(from);
  return to;
}
