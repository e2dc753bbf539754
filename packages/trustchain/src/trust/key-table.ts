import type { PublicKey } from '@edmp/interface';
import { grownInts } from './grown.ts';

const KEY_BYTES = 32;
const FIRST_CAPACITY = 64;

/** Public keys as numbers 0, 1, 2 …: 32 bytes each and an open hash table, no object a key. */
export class KeyTable {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_CAPACITY * KEY_BYTES);
  #table: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY * 2).fill(-1);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Number of a key; -1 when it has none. */
  find(key: PublicKey): number {
    const mask = this.#table.length - 1;
    for (let slot = hashOf(key, 0) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#table[slot] as number;
      if (id === -1 || this.#is(id, key)) return id;
    }
  }

  /** Number of a key, given out when it has none. */
  intern(key: PublicKey): number {
    const known = this.find(key);
    if (known !== -1) return known;
    const id = this.#size;
    if ((id + 1) * KEY_BYTES > this.#bytes.length) this.#grow();
    this.#bytes.set(key, id * KEY_BYTES);
    this.#size += 1;
    this.#place(id);
    return id;
  }

  /** A copy of the key with a number. */
  key(id: number): PublicKey {
    return this.#bytes.slice(id * KEY_BYTES, (id + 1) * KEY_BYTES) as Uint8Array as PublicKey;
  }

  /** Below zero when key `a` stands before key `b` byte by byte: an order that does not depend on who came first. */
  compare(a: number, b: number): number {
    const bytes = this.#bytes;
    for (let i = a * KEY_BYTES, j = b * KEY_BYTES, end = i + KEY_BYTES; i < end; i++, j++) {
      const difference = (bytes[i] as number) - (bytes[j] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #is(id: number, key: PublicKey): boolean {
    const start = id * KEY_BYTES;
    for (let i = 0; i < KEY_BYTES; i++) if (this.#bytes[start + i] !== key[i]) return false;
    return true;
  }

  #place(id: number): void {
    const mask = this.#table.length - 1;
    let slot = hashOf(this.#bytes, id * KEY_BYTES) & mask;
    while (this.#table[slot] !== -1) slot = (slot + 1) & mask;
    this.#table[slot] = id;
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#table = grownInts(this.#table, this.#table.length * 2).fill(-1);
    for (let id = 0; id < this.#size; id++) this.#place(id);
  }
}

/** Mixes all 32 bytes: keys that agree in a part, as made-up ones may, fall apart. */
function hashOf(bytes: Uint8Array, start: number): number {
  let hash = 0;
  for (let i = start; i < start + KEY_BYTES; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    hash = Math.imul(hash ^ word, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
