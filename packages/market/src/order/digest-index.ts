/** Bytes of a digest: everything that is indexed here is named by SHA-256. */
export const DIGEST_BYTES = 32;

/** Two odd multipliers that whoever chooses the digests does not know, so nobody can pile them up in one place. */
export interface HashSecret {
  readonly first: number;
  readonly second: number;
}

/** A {@link HashSecret} from random bytes (8 or more). */
export function hashSecret(random: Uint8Array): HashSecret {
  return { first: wordAt(random, 0) | 1, second: wordAt(random, 4) | 1 };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/**
 * Finds the slot of a digest: open addressing with linear probing over one `Int32Array`, at most half full, so some
 * 8 to 16 bytes an entry instead of the 150 of a `Map` with text keys. The digests themselves stay in the owner's column.
 */
export class DigestIndex {
  readonly #column: () => Uint8Array;
  readonly #secret: HashSecret;
  #cells = new Int32Array(32);
  #size = 0;

  /** `column` gives the bytes in which the digest of slot n stands at 32·n. */
  constructor(column: () => Uint8Array, secret: HashSecret) {
    this.#column = column;
    this.#secret = secret;
  }

  get size(): number {
    return this.#size;
  }

  /** The slot whose digest is the 32 bytes of `bytes` from `at` on, or −1. */
  find(bytes: Uint8Array, at = 0): number {
    const cell = this.#cellOf(bytes, at);
    return (this.#cells[cell] as number) - 1;
  }

  /** Adds a slot whose digest no other slot has. */
  add(slot: number): void {
    if (2 * (this.#size + 1) > this.#cells.length) this.#grow();
    this.#cells[this.#cellOf(this.#column(), slot * DIGEST_BYTES)] = slot + 1;
    this.#size++;
  }

  /** Lets another slot with the same digest take a slot's place. */
  replace(slot: number, by: number): void {
    this.#cells[this.#cellOf(this.#column(), slot * DIGEST_BYTES)] = by + 1;
  }

  /** Takes out a slot that was added. */
  remove(slot: number): void {
    const mask = this.#cells.length - 1;
    const column = this.#column();
    let hole = this.#cellOf(column, slot * DIGEST_BYTES);
    if (this.#cells[hole] === 0) return;
    this.#size--;
    // Whoever was pushed past the hole moves back, so that no search ends too early (Knuth, TAOCP 3, 6.4, R).
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const entry = this.#cells[at] as number;
      if (entry === 0) break;
      const home = this.#hash(column, (entry - 1) * DIGEST_BYTES) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        this.#cells[hole] = entry;
        hole = at;
      }
    }
    this.#cells[hole] = 0;
  }

  /** The cell that holds the digest, or the empty one where it belongs. */
  #cellOf(bytes: Uint8Array, at: number): number {
    const mask = this.#cells.length - 1;
    const column = this.#column();
    for (let cell = this.#hash(bytes, at) & mask; ; cell = (cell + 1) & mask) {
      const entry = this.#cells[cell] as number;
      if (entry === 0 || equalAt(bytes, at, column, (entry - 1) * DIGEST_BYTES)) return cell;
    }
  }

  #hash(bytes: Uint8Array, at: number): number {
    const mixed =
      Math.imul(wordAt(bytes, at), this.#secret.first) ^
      Math.imul(wordAt(bytes, at + 12), this.#secret.second);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  #grow(): void {
    const old = this.#cells;
    this.#cells = new Int32Array(old.length * 2);
    const column = this.#column();
    for (const entry of old) {
      if (entry !== 0) this.#cells[this.#cellOf(column, (entry - 1) * DIGEST_BYTES)] = entry;
    }
  }
}

function equalAt(a: Uint8Array, from: number, b: Uint8Array, at: number): boolean {
  for (let i = 0; i < DIGEST_BYTES; i++) if (a[from + i] !== b[at + i]) return false;
  return true;
}
