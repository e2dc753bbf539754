import type { ExactRatio } from '../asset/price-key.ts';
import { ASK, NONE, type SideIndex, type SideLevels } from './side-levels.ts';

/** Prices of the first window: 2 kB a side. */
const FIRST_SPAN = 256;
/** Any window may have so many prices, 4 kB a side: a book has more than a handful of orders. */
const FREE_SPAN = 512;
/** Prices that a window may have for each level in use, 128 bytes: nobody makes two orders cost megabytes. */
const SPAN_A_LEVEL = 16;

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
      if (!this.#begin(key)) return NONE;
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

  /** Lays the first window around a price; an empty ladder begins again. */
  #begin(key: number): boolean {
    if (this.count > 0) return false;
    this.#reset(Math.max(0, key - FIRST_SPAN / 2), FIRST_SPAN);
    return true;
  }

  /**
   * A ladder with the levels of `from` whose window includes `key` too, or undefined when its prices are not whole or too
   * far apart for their number. `move` is told of each level's old and new number.
   */
  static of(
    from: SideLevels,
    side: SideIndex,
    key: number,
    move: (from: number, to: number) => void,
  ): PriceLadder | undefined {
    let low = key;
    let high = key;
    for (let level = from.best; level !== NONE; level = from.worse(level)) {
      if (from.lot(level) !== 1 || from.exact(level) !== null) return undefined;
      low = Math.min(low, from.key(level));
      high = Math.max(high, from.key(level));
    }
    const widest = Math.max(FREE_SPAN, SPAN_A_LEVEL * from.count);
    if (high - low >= widest) return undefined;
    let span = FIRST_SPAN;
    while (span < high - low + 1) span *= 2;
    if (2 * span <= widest) span *= 2;
    const ladder = new PriceLadder(side);
    ladder.#reset(Math.max(0, low - Math.floor((span - (high - low + 1)) / 2)), span);
    for (let level = from.best; level !== NONE; level = from.worse(level)) {
      const to = ladder.at(from.key(level), 1, null);
      ladder.heads[to] = from.heads[level] as number;
      ladder.tails[to] = from.tails[level] as number;
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
