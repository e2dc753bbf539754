import type { ExactRatio } from './price-key.ts';
import { ASK, NONE, type SideIndex, type SideLevels } from './side-levels.ts';

/** Prices of the first window: 2 kB a side. */
const FIRST_SPAN = 256;
/** Widest window: 2 MB a side, which only a book with prices that far apart needs. */
const WIDEST_SPAN = 1 << 18;

/**
 * Levels of whole prices within a window, each at its own place in an array, with two layers of bits that find the next
 * level in use. Constant time where a tree takes its logarithm.
 */
export class PriceLadder implements SideLevels {
  heads: Int32Array<ArrayBuffer> = new Int32Array(0);
  tails: Int32Array<ArrayBuffer> = new Int32Array(0);
  best: number = NONE;
  count = 0;
  readonly #side: SideIndex;
  #base = 0;
  /** One bit for each level in use. */
  #bits = new Int32Array(0);
  /** One bit for each word of {@link PriceLadder.#bits} that is not 0. */
  #words = new Int32Array(0);

  constructor(side: SideIndex) {
    this.#side = side;
  }

  at(key: number, lot: number, exact: ExactRatio): number {
    if (lot !== 1 || exact !== null) return NONE;
    let level = key - this.#base;
    if (level < 0 || level >= this.heads.length) {
      if (!this.#widen(key)) return NONE;
      level = key - this.#base;
    }
    const word = level >> 5;
    const bit = 1 << (level & 31);
    const bits = this.#bits[word] as number;
    if ((bits & bit) === 0) {
      this.#bits[word] = bits | bit;
      this.#words[word >> 5] = (this.#words[word >> 5] as number) | (1 << (word & 31));
      this.count++;
      if (this.best === NONE || (this.#side === ASK ? level < this.best : level > this.best))
        this.best = level;
    }
    return level;
  }

  drop(level: number): void {
    const word = level >> 5;
    const bits = (this.#bits[word] as number) & ~(1 << (level & 31));
    this.#bits[word] = bits;
    if (bits === 0) this.#words[word >> 5] = (this.#words[word >> 5] as number) & ~(1 << (word & 31));
    this.count--;
    if (level === this.best) this.best = this.worse(level);
  }

  worse(level: number): number {
    return this.#side === ASK ? this.#above(level) : this.#below(level);
  }

  key(level: number): number {
    return this.#base + level;
  }

  lot(): number {
    return 1;
  }

  exact(): ExactRatio {
    return null;
  }

  #above(level: number): number {
    let word = level >> 5;
    // Shifts count modulo 32: two steps also clear all bits up to bit 31.
    let bits = (this.#bits[word] as number) & ((-1 << (level & 31)) << 1);
    if (bits === 0) {
      let group = word >> 5;
      let words = (this.#words[group] as number) & ((-1 << (word & 31)) << 1);
      while (words === 0) {
        if (++group === this.#words.length) return NONE;
        words = this.#words[group] as number;
      }
      word = group * 32 + lowestBit(words);
      bits = this.#bits[word] as number;
    }
    return word * 32 + lowestBit(bits);
  }

  #below(level: number): number {
    let word = level >> 5;
    let bits = (this.#bits[word] as number) & ((1 << (level & 31)) - 1);
    if (bits === 0) {
      let group = word >> 5;
      let words = (this.#words[group] as number) & ((1 << (word & 31)) - 1);
      while (words === 0) {
        if (--group < 0) return NONE;
        words = this.#words[group] as number;
      }
      word = group * 32 + 31 - Math.clz32(words);
      bits = this.#bits[word] as number;
    }
    return word * 32 + 31 - Math.clz32(bits);
  }

  /** Makes the window include a price, if it may become that wide. Levels keep their orders but not their numbers. */
  #widen(key: number): boolean {
    if (this.count > 0) return false;
    this.#reset(Math.max(0, key - FIRST_SPAN / 2), FIRST_SPAN);
    return true;
  }

  /**
   * A ladder with the same levels whose window includes `key` too, or undefined when that would be too wide. `move` is
   * told of each level's old and new number.
   */
  widened(key: number, move: (from: number, to: number) => void): PriceLadder | undefined {
    const low = Math.min(key, this.key(this.#side === ASK ? this.best : this.#above(-1)));
    const high = Math.max(key, this.key(this.#side === ASK ? this.#below(this.heads.length) : this.best));
    let span = FIRST_SPAN;
    while (span < 2 * (high - low + 1)) span *= 2;
    if (high - low >= WIDEST_SPAN) return undefined;
    span = Math.min(span, WIDEST_SPAN);
    const ladder = new PriceLadder(this.#side);
    ladder.#reset(Math.max(0, low - Math.floor((span - (high - low + 1)) / 2)), span);
    for (let level = this.best; level !== NONE; level = this.worse(level)) {
      const to = ladder.at(this.key(level), 1, null);
      ladder.heads[to] = this.heads[level] as number;
      ladder.tails[to] = this.tails[level] as number;
      move(level, to);
    }
    return ladder;
  }

  #reset(base: number, span: number): void {
    this.#base = base;
    this.heads = new Int32Array(span);
    this.tails = new Int32Array(span);
    this.#bits = new Int32Array(span >> 5);
    this.#words = new Int32Array(Math.max(1, span >> 10));
    this.best = NONE;
    this.count = 0;
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
