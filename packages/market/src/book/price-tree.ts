import { compareExact, type ExactRatio } from '../asset/price-key.ts';
import { LevelTree } from './level-tree.ts';
import { ASK, NONE, type SideIndex, type SideLevels } from './side-levels.ts';

/**
 * Levels of any prices, O(log levels): a tree finds a level by the double nearest to its price, and levels are linked in
 * order of price, so that prices that share their double are told apart exactly, one after the other.
 */
export class PriceTree implements SideLevels {
  heads: Int32Array<ArrayBuffer> = new Int32Array(8);
  tails: Int32Array<ArrayBuffer> = new Int32Array(8);
  best: number = NONE;
  count = 0;
  readonly #side: SideIndex;
  readonly #tree = new LevelTree();
  #keys = new Float64Array(8);
  #lots = new Float64Array(8);
  readonly #exact: ExactRatio[] = [];
  #up = new Int32Array(8);
  #down = new Int32Array(8);
  #used = 0;
  readonly #free: number[] = [];

  constructor(side: SideIndex) {
    this.#side = side;
  }

  at(key: number, lot: number, exact: ExactRatio): number {
    const tree = this.#tree;
    tree.locate(key);
    const head = tree.value;
    if (head === NONE) {
      let down: number = NONE;
      let up = tree.above;
      if (up !== NONE) {
        down = this.#down[up] as number;
      } else if (tree.below !== NONE) {
        // The tree knows the cheapest of the levels that share a key; the neighbour is the dearest of them.
        down = tree.below;
        up = this.#up[down] as number;
        while (up !== NONE && this.#keys[up] === this.#keys[down]) {
          down = up;
          up = this.#up[down] as number;
        }
      }
      const level = this.#make(key, lot, exact, down, up);
      tree.insert(key, level);
      return level;
    }
    let at = head;
    for (;;) {
      const order = compareExact(key, exact, this.#exact[at] ?? null);
      if (order === 0) return at;
      if (order < 0) {
        const level = this.#make(key, lot, exact, this.#down[at] as number, at);
        if (at === head) tree.replace(level);
        return level;
      }
      const up = this.#up[at] as number;
      if (up === NONE || this.#keys[up] !== key) return this.#make(key, lot, exact, at, up);
      at = up;
    }
  }

  drop(level: number): void {
    const down = this.#down[level] as number;
    const up = this.#up[level] as number;
    const key = this.#keys[level] as number;
    if (down !== NONE) this.#up[down] = up;
    if (up !== NONE) this.#down[up] = down;
    if (this.best === level) this.best = this.#side === ASK ? up : down;
    const sharesBelow = down !== NONE && this.#keys[down] === key;
    if (!sharesBelow) {
      if (up !== NONE && this.#keys[up] === key) {
        this.#tree.locate(key);
        this.#tree.replace(up);
      } else {
        this.#tree.remove(key);
      }
    }
    this.#exact[level] = null;
    this.#free.push(level);
    this.count--;
  }

  worse(level: number): number {
    return (this.#side === ASK ? this.#up[level] : this.#down[level]) as number;
  }

  key(level: number): number {
    return this.#keys[level] as number;
  }

  lot(level: number): number {
    return this.#lots[level] as number;
  }

  exact(level: number): ExactRatio {
    return this.#exact[level] ?? null;
  }

  /** Links a new level between `down` (next cheaper) and `up` (next dearer). */
  #make(key: number, lot: number, exact: ExactRatio, down: number, up: number): number {
    const level = this.#free.pop() ?? this.#used++;
    if (level >= this.heads.length) this.#grow();
    this.heads[level] = 0;
    this.tails[level] = 0;
    this.#keys[level] = key;
    this.#lots[level] = lot;
    this.#exact[level] = exact;
    this.#down[level] = down;
    this.#up[level] = up;
    if (down !== NONE) this.#up[down] = level;
    if (up !== NONE) this.#down[up] = level;
    if (this.#side === ASK ? down === NONE : up === NONE) this.best = level;
    this.count++;
    return level;
  }

  #grow(): void {
    const capacity = this.heads.length * 2;
    const grown = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.heads = grown(this.heads, new Int32Array(capacity));
    this.tails = grown(this.tails, new Int32Array(capacity));
    this.#keys = grown(this.#keys, new Float64Array(capacity));
    this.#lots = grown(this.#lots, new Float64Array(capacity));
    this.#up = grown(this.#up, new Int32Array(capacity));
    this.#down = grown(this.#down, new Int32Array(capacity));
  }
}
