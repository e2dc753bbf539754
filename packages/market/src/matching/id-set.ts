import type { Crypto } from '@edmp/interface';

/** Bytes of an id: a SHA-256 digest. */
export const ID_BYTES = 32;
/** Bytes of a fingerprint that travel. */
export const PRINT_BYTES = 16;
/** Sums have eight limbs of 32 bits: they count modulo 2²⁵⁶. */
const LIMBS = 8;
/** Ids of a chunk; 10⁵ ids are some 300 chunks, whose sums are added up in a few microseconds. */
const CHUNK = 512;

interface Chunk {
  readonly slots: Int32Array;
  readonly sum: Uint32Array;
  size: number;
}

/**
 * A place between ids: the bytes of an id or a beginning of one, followed by zeros in thought. The empty one is before
 * all ids as a lower bound, and after all of them as an upper one.
 */
export type Bound = Uint8Array;

/**
 * A set of ids in order that knows the sum of any range, kept up to date at every change: what range-based set
 * reconciliation compares (A. Meyer, "Range-Based Set Reconciliation", 2022). The fingerprint of a range is a hash of
 * the number of its ids and their sum modulo 2²⁵⁶.
 *
 * Sums can be made to collide by whoever makes many ids (D. Wagner, 2002), so the one that compares cuts the range at a
 * random place each time: ids that cancel out in one range do not on both sides of a cut that nobody foresees.
 */
export class IdSet {
  readonly #ids: () => Uint8Array;
  readonly #crypto: Pick<Crypto, 'sha256'>;
  readonly #chunks: Chunk[] = [];
  #size = 0;

  /** `ids` gives the bytes in which the id of slot n stands at 32·n. */
  constructor(ids: () => Uint8Array, crypto: Pick<Crypto, 'sha256'>) {
    this.#ids = ids;
    this.#crypto = crypto;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds the id of a slot, which no slot here has. */
  add(slot: number): void {
    const id = this.#idOf(slot);
    const at = Math.max(0, this.#chunkFor(id));
    let chunk = this.#chunks[at];
    this.#size++;
    if (chunk === undefined) {
      chunk = { slots: new Int32Array(CHUNK), sum: new Uint32Array(LIMBS), size: 0 };
      this.#chunks.push(chunk);
    } else if (chunk.size === CHUNK) {
      const right = this.#split(chunk);
      this.#chunks.splice(at + 1, 0, right);
      if (compareBound(this.#idOf(right.slots[0] as number), id) <= 0) chunk = right;
    }
    const place = this.#placeIn(chunk, id);
    chunk.slots.copyWithin(place + 1, place, chunk.size);
    chunk.slots[place] = slot;
    chunk.size++;
    addTo(chunk.sum, id, 1);
  }

  /** Takes the id of a slot out; the id can still be read. */
  remove(slot: number): void {
    const id = this.#idOf(slot);
    const at = this.#chunkFor(id);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const place = this.#placeIn(chunk, id);
    if (chunk.slots[place] !== slot) return;
    chunk.slots.copyWithin(place, place + 1, chunk.size);
    chunk.size--;
    this.#size--;
    addTo(chunk.sum, id, -1);
    const next = this.#chunks[at + 1];
    if (chunk.size === 0) {
      this.#chunks.splice(at, 1);
    } else if (next !== undefined && chunk.size + next.size <= CHUNK / 2) {
      chunk.slots.set(next.slots.subarray(0, next.size), chunk.size);
      chunk.size += next.size;
      addSums(chunk.sum, next.sum);
      this.#chunks.splice(at + 1, 1);
    }
  }

  has(id: Uint8Array): boolean {
    const chunk = this.#chunks[this.#chunkFor(id)];
    if (chunk === undefined) return false;
    const place = this.#placeIn(chunk, id);
    return place < chunk.size && compareBound(this.#idOf(chunk.slots[place] as number), id) === 0;
  }

  /** Ids in [from, to). */
  count(from: Bound, to: Bound): number {
    let count = 0;
    this.#parts(from, to, (_, start, end) => {
      count += end - start;
      return true;
    });
    return count;
  }

  /** Fingerprint of [from, to), {@link PRINT_BYTES} bytes. */
  print(from: Bound, to: Bound): Uint8Array {
    const sum = new Uint32Array(LIMBS);
    let count = 0;
    this.#parts(from, to, (chunk, start, end) => {
      count += end - start;
      if (end - start === chunk.size) addSums(sum, chunk.sum);
      else for (let i = start; i < end; i++) addTo(sum, this.#idOf(chunk.slots[i] as number), 1);
      return true;
    });
    const bytes = new Uint8Array(4 * LIMBS + 4);
    const view = new DataView(bytes.buffer);
    for (let limb = 0; limb < LIMBS; limb++) view.setUint32(4 * limb, sum[limb] as number);
    view.setUint32(4 * LIMBS, count);
    return this.#crypto.sha256(bytes).subarray(0, PRINT_BYTES);
  }

  /** Slots and ids of [from, to) in order, until `visit` returns `false`; `visit` must not change the set. The ids are copies. */
  each(from: Bound, to: Bound, visit: (slot: number, id: Uint8Array) => boolean): void {
    this.#parts(from, to, (chunk, start, end) => {
      for (let i = start; i < end; i++) {
        const slot = chunk.slots[i] as number;
        if (!visit(slot, this.#idOf(slot).slice())) return false;
      }
      return true;
    });
  }

  /** Bounds that cut [from, to) into `parts` ranges of about the same number of ids; at most `parts` − 1, ascending. */
  cuts(from: Bound, to: Bound, parts: number): readonly Bound[] {
    const first = this.count(new Uint8Array(0), from.length === 0 ? Uint8Array.of(0) : from);
    const count = this.count(from, to);
    const out: Bound[] = [];
    for (let part = 1; part < parts; part++) {
      const rank = Math.floor((part * count) / parts);
      if (rank === 0 || rank === Math.floor(((part - 1) * count) / parts)) continue;
      out.push(shortestBetween(this.#idOf(this.#at(first + rank - 1)), this.#idOf(this.#at(first + rank))));
    }
    return out;
  }

  /** Slot of the id with `rank` others before it, which must exist. */
  #at(rank: number): number {
    let left = rank;
    for (const chunk of this.#chunks) {
      if (left < chunk.size) return chunk.slots[left] as number;
      left -= chunk.size;
    }
    return -1;
  }

  #parts(from: Bound, to: Bound, visit: (chunk: Chunk, start: number, end: number) => boolean): void {
    for (let at = Math.max(0, this.#chunkFor(from)); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as Chunk;
      const next = this.#chunks[at + 1];
      const start =
        compareBound(this.#idOf(chunk.slots[0] as number), from) >= 0 ? 0 : this.#placeIn(chunk, from);
      const isWhole =
        to.length === 0 || (next !== undefined && compareBound(this.#idOf(next.slots[0] as number), to) <= 0);
      const end = isWhole ? chunk.size : this.#placeIn(chunk, to);
      if (start < end && !visit(chunk, start, end)) return;
      if (!isWhole) return;
    }
  }

  #idOf(slot: number): Uint8Array {
    return this.#ids().subarray(slot * ID_BYTES, (slot + 1) * ID_BYTES);
  }

  /** The last chunk whose first id is not after the bound; −1 when all are. */
  #chunkFor(bound: Bound): number {
    let low = 0;
    for (let high = this.#chunks.length; low < high; ) {
      const middle = (low + high) >> 1;
      const first = this.#chunks[middle]?.slots[0] as number;
      if (compareBound(this.#idOf(first), bound) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Place of the first id of the chunk that is not before the bound. */
  #placeIn(chunk: Chunk, bound: Bound): number {
    let low = 0;
    for (let high = chunk.size; low < high; ) {
      const middle = (low + high) >> 1;
      if (compareBound(this.#idOf(chunk.slots[middle] as number), bound) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #split(chunk: Chunk): Chunk {
    const right: Chunk = { slots: new Int32Array(CHUNK), sum: new Uint32Array(LIMBS), size: CHUNK / 2 };
    right.slots.set(chunk.slots.subarray(CHUNK / 2));
    chunk.size = CHUNK / 2;
    for (let i = 0; i < right.size; i++) {
      const id = this.#idOf(right.slots[i] as number);
      addTo(right.sum, id, 1);
      addTo(chunk.sum, id, -1);
    }
    return right;
  }
}

/** Order of an id, or a bound, against a bound: as bytes, missing ones being 0. */
export function compareBound(id: Uint8Array, bound: Bound): number {
  const length = Math.max(id.length, bound.length);
  for (let i = 0; i < length; i++) {
    const difference = (id[i] ?? 0) - (bound[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The shortest bound above `low` and not above `high`. */
function shortestBetween(low: Uint8Array, high: Uint8Array): Bound {
  let length = 1;
  while (length < ID_BYTES && compareBound(low, high.subarray(0, length)) >= 0) length++;
  return high.slice(0, length);
}

/** Adds (`sign` 1) or subtracts (−1) an id, modulo 2²⁵⁶; limb 0 is the most significant. */
function addTo(sum: Uint32Array, id: Uint8Array, sign: 1 | -1): void {
  let carry = 0;
  for (let limb = LIMBS - 1; limb >= 0; limb--) {
    const at = 4 * limb;
    const word =
      (id[at] as number) * 0x1_00_00_00 +
      (((id[at + 1] as number) << 16) | ((id[at + 2] as number) << 8) | (id[at + 3] as number));
    const total = (sum[limb] as number) + sign * word + carry;
    sum[limb] = total >>> 0;
    carry = total >= 0x1_0000_0000 ? 1 : total < 0 ? -1 : 0;
  }
}

function addSums(sum: Uint32Array, other: Uint32Array): void {
  let carry = 0;
  for (let limb = LIMBS - 1; limb >= 0; limb--) {
    const total = (sum[limb] as number) + (other[limb] as number) + carry;
    sum[limb] = total >>> 0;
    carry = total >= 0x1_0000_0000 ? 1 : 0;
  }
}
