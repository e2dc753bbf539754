/** Entries per node: two or three levels hold 10⁵ prices, and shifting half a node is one short memory move. */
const FANOUT = 64;
const MAX_HEIGHT = 16;

/**
 * An ordered map from a double to a non-negative integer: a B+-tree over flat arrays, free-at-empty (nodes are
 * released when their last entry goes and never merged, which keeps deletes short; T. Johnson and D. Shasha,
 * "B-trees with inserts and deletes: why free-at-empty is better than merge-at-half", 1993).
 */
export class LevelTree {
  /** Value at the located key, −1 where there is none. */
  value = -1;
  /** Value at the next smaller key in the same leaf; −1 also when that key lies in another leaf. */
  below = -1;
  /** Value at the next larger key in the same leaf; −1 also when that key lies in another leaf. */
  above = -1;
  #keys = new Float64Array(FANOUT);
  #slots = new Int32Array(FANOUT);
  #counts = new Int32Array(1);
  #used = 1;
  readonly #free: number[] = [];
  #root = 0;
  /** Levels of inner nodes above the leaves. */
  #height = 0;
  readonly #pathNode = new Int32Array(MAX_HEIGHT);
  readonly #pathSlot = new Int32Array(MAX_HEIGHT);
  #leaf = 0;
  #place = 0;

  /** Finds `key`'s place: afterwards {@link LevelTree.value}, `below` and `above` are set. */
  locate(key: number): void {
    this.#descend(key);
    const base = this.#leaf * FANOUT;
    const count = this.#counts[this.#leaf] as number;
    const place = this.#place;
    const found = place < count && this.#keys[base + place] === key;
    this.value = found ? (this.#slots[base + place] as number) : -1;
    this.below = place > 0 ? (this.#slots[base + place - 1] as number) : -1;
    const next = found ? place + 1 : place;
    this.above = next < count ? (this.#slots[base + next] as number) : -1;
  }

  /** Inserts at the place that the latest `locate` found; that key must not exist. */
  insert(key: number, value: number): void {
    this.#insertAt(this.#leaf, this.#place, key, value);
  }

  /** Replaces the value of an existing key that the latest `locate` found. */
  replace(value: number): void {
    this.#slots[this.#leaf * FANOUT + this.#place] = value;
  }

  /** Removes an existing key. */
  remove(key: number): void {
    this.#descend(key);
    this.#removeFrom(this.#leaf, this.#place);
    let node = this.#leaf;
    for (let depth = this.#height; depth > 0 && this.#counts[node] === 0; depth--) {
      this.#free.push(node);
      node = this.#pathNode[depth - 1] as number;
      this.#removeFrom(node, this.#pathSlot[depth - 1] as number);
    }
    while (this.#height > 0 && this.#counts[this.#root] === 1) {
      this.#free.push(this.#root);
      this.#root = this.#slots[this.#root * FANOUT] as number;
      this.#height--;
    }
    if (this.#height > 0 && this.#counts[this.#root] === 0) this.#height = 0;
  }

  #allocate(): number {
    const recycled = this.#free.pop();
    if (recycled !== undefined) {
      this.#counts[recycled] = 0;
      return recycled;
    }
    if (this.#used === this.#counts.length) {
      const capacity = this.#used * 2;
      const moreKeys = new Float64Array(capacity * FANOUT);
      moreKeys.set(this.#keys);
      this.#keys = moreKeys;
      const moreSlots = new Int32Array(capacity * FANOUT);
      moreSlots.set(this.#slots);
      this.#slots = moreSlots;
      const moreCounts = new Int32Array(capacity);
      moreCounts.set(this.#counts);
      this.#counts = moreCounts;
    }
    return this.#used++;
  }

  /** First index in `node` whose key is ≥ `key`. */
  #lowerBound(node: number, key: number): number {
    const base = node * FANOUT;
    let low = base;
    let high = base + (this.#counts[node] as number);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low - base;
  }

  #descend(key: number): void {
    let node = this.#root;
    for (let depth = 0; depth < this.#height; depth++) {
      // Separators are lower bounds of their subtrees; the first one says nothing, because child 0 takes all below.
      const base = node * FANOUT;
      let low = base + 1;
      let high = base + (this.#counts[node] as number);
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((this.#keys[middle] as number) <= key) low = middle + 1;
        else high = middle;
      }
      const at = low - base - 1;
      this.#pathNode[depth] = node;
      this.#pathSlot[depth] = at;
      node = this.#slots[base + at] as number;
    }
    this.#leaf = node;
    this.#place = this.#lowerBound(node, key);
  }

  #insertInto(node: number, at: number, key: number, value: number): void {
    const base = node * FANOUT;
    const end = base + (this.#counts[node] as number);
    this.#keys.copyWithin(base + at + 1, base + at, end);
    this.#slots.copyWithin(base + at + 1, base + at, end);
    this.#keys[base + at] = key;
    this.#slots[base + at] = value;
    this.#counts[node] = (this.#counts[node] as number) + 1;
  }

  #removeFrom(node: number, at: number): void {
    const base = node * FANOUT;
    const end = base + (this.#counts[node] as number);
    this.#keys.copyWithin(base + at, base + at + 1, end);
    this.#slots.copyWithin(base + at, base + at + 1, end);
    this.#counts[node] = (this.#counts[node] as number) - 1;
  }

  #insertAt(startNode: number, startAt: number, startKey: number, startValue: number): void {
    let node = startNode;
    let at = startAt;
    let key = startKey;
    let value = startValue;
    for (let depth = this.#height; ; depth--) {
      if ((this.#counts[node] as number) < FANOUT) {
        this.#insertInto(node, at, key, value);
        return;
      }
      // Ascending insertions fill leaves completely when the split keeps the left node full.
      const cut = at === FANOUT ? FANOUT - 1 : FANOUT / 2;
      const right = this.#allocate();
      const from = node * FANOUT;
      this.#keys.copyWithin(right * FANOUT, from + cut, from + FANOUT);
      this.#slots.copyWithin(right * FANOUT, from + cut, from + FANOUT);
      this.#counts[right] = FANOUT - cut;
      this.#counts[node] = cut;
      if (at > cut) this.#insertInto(right, at - cut, key, value);
      else this.#insertInto(node, at, key, value);
      const separator = this.#keys[right * FANOUT] as number;
      if (depth === 0) {
        const top = this.#allocate();
        this.#keys[top * FANOUT] = this.#keys[node * FANOUT] as number;
        this.#slots[top * FANOUT] = node;
        this.#keys[top * FANOUT + 1] = separator;
        this.#slots[top * FANOUT + 1] = right;
        this.#counts[top] = 2;
        this.#root = top;
        this.#height++;
        return;
      }
      node = this.#pathNode[depth - 1] as number;
      at = (this.#pathSlot[depth - 1] as number) + 1;
      key = separator;
      value = right;
    }
  }
}
