/** Entries per node: two or three levels hold 10⁵ prices, and shifting half a node is one short memory move. */
const FANOUT = 64;
const MAX_HEIGHT = 16;

/**
 * An ordered map from a double to a non-negative integer: a B+-tree over flat arrays, free-at-empty (nodes are
 * released when their last entry goes and never merged, which keeps deletes short; T. Johnson and D. Shasha,
 * "B-trees with inserts and deletes: why free-at-empty is better than merge-at-half", 1993).
 */
export interface LevelTree {
  /** Finds `key`'s place: afterwards {@link LevelTree.value}, `below` and `above` are set, −1 where there is none. */
  locate(key: number): void;
  /** Value at the located key. */
  value: number;
  /** Value at the next smaller key in the same leaf; −1 also when that key lies in another leaf. */
  below: number;
  /** Value at the next larger key in the same leaf; −1 also when that key lies in another leaf. */
  above: number;
  /** Inserts at the place that the latest `locate` found; that key must not exist. */
  insert(key: number, value: number): void;
  /** Replaces the value of an existing key that the latest `locate` found. */
  replace(value: number): void;
  /** Removes an existing key. */
  remove(key: number): void;
}

/** An empty tree. */
export function levelTree(): LevelTree {
  let capacity = 1;
  let keys = new Float64Array(capacity * FANOUT);
  let slots = new Int32Array(capacity * FANOUT);
  let counts = new Int32Array(capacity);
  let used = 1;
  const free: number[] = [];
  let root = 0;
  /** Levels of inner nodes above the leaves. */
  let height = 0;
  const pathNode = new Int32Array(MAX_HEIGHT);
  const pathSlot = new Int32Array(MAX_HEIGHT);
  let leaf = 0;
  let place = 0;

  const allocate = (): number => {
    const recycled = free.pop();
    if (recycled !== undefined) {
      counts[recycled] = 0;
      return recycled;
    }
    if (used === capacity) {
      capacity *= 2;
      const moreKeys = new Float64Array(capacity * FANOUT);
      moreKeys.set(keys);
      keys = moreKeys;
      const moreSlots = new Int32Array(capacity * FANOUT);
      moreSlots.set(slots);
      slots = moreSlots;
      const moreCounts = new Int32Array(capacity);
      moreCounts.set(counts);
      counts = moreCounts;
    }
    return used++;
  };

  /** First index in `node` whose key is ≥ `key`. */
  const lowerBound = (node: number, key: number): number => {
    const base = node * FANOUT;
    let low = base;
    let high = base + (counts[node] as number);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low - base;
  };

  const descend = (key: number): void => {
    let node = root;
    for (let depth = 0; depth < height; depth++) {
      // Separators are lower bounds of their subtrees; the first one says nothing, because child 0 takes all below.
      const base = node * FANOUT;
      let low = base + 1;
      let high = base + (counts[node] as number);
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((keys[middle] as number) <= key) low = middle + 1;
        else high = middle;
      }
      const at = low - base - 1;
      pathNode[depth] = node;
      pathSlot[depth] = at;
      node = slots[base + at] as number;
    }
    leaf = node;
    place = lowerBound(node, key);
  };

  const insertInto = (node: number, at: number, key: number, value: number): void => {
    const base = node * FANOUT;
    const end = base + (counts[node] as number);
    keys.copyWithin(base + at + 1, base + at, end);
    slots.copyWithin(base + at + 1, base + at, end);
    keys[base + at] = key;
    slots[base + at] = value;
    counts[node] = (counts[node] as number) + 1;
  };

  const removeFrom = (node: number, at: number): void => {
    const base = node * FANOUT;
    const end = base + (counts[node] as number);
    keys.copyWithin(base + at, base + at + 1, end);
    slots.copyWithin(base + at, base + at + 1, end);
    counts[node] = (counts[node] as number) - 1;
  };

  const insertAt = (startNode: number, startAt: number, startKey: number, startValue: number): void => {
    let node = startNode;
    let at = startAt;
    let key = startKey;
    let value = startValue;
    for (let depth = height; ; depth--) {
      if ((counts[node] as number) < FANOUT) {
        insertInto(node, at, key, value);
        return;
      }
      // Ascending insertions fill leaves completely when the split keeps the left node full.
      const cut = at === FANOUT ? FANOUT - 1 : FANOUT / 2;
      const right = allocate();
      const from = node * FANOUT;
      keys.copyWithin(right * FANOUT, from + cut, from + FANOUT);
      slots.copyWithin(right * FANOUT, from + cut, from + FANOUT);
      counts[right] = FANOUT - cut;
      counts[node] = cut;
      if (at > cut) insertInto(right, at - cut, key, value);
      else insertInto(node, at, key, value);
      const separator = keys[right * FANOUT] as number;
      if (depth === 0) {
        const top = allocate();
        keys[top * FANOUT] = keys[node * FANOUT] as number;
        slots[top * FANOUT] = node;
        keys[top * FANOUT + 1] = separator;
        slots[top * FANOUT + 1] = right;
        counts[top] = 2;
        root = top;
        height++;
        return;
      }
      node = pathNode[depth - 1] as number;
      at = (pathSlot[depth - 1] as number) + 1;
      key = separator;
      value = right;
    }
  };

  const tree: LevelTree = {
    value: -1,
    below: -1,
    above: -1,
    locate(key) {
      descend(key);
      const base = leaf * FANOUT;
      const count = counts[leaf] as number;
      const found = place < count && keys[base + place] === key;
      tree.value = found ? (slots[base + place] as number) : -1;
      tree.below = place > 0 ? (slots[base + place - 1] as number) : -1;
      const next = found ? place + 1 : place;
      tree.above = next < count ? (slots[base + next] as number) : -1;
    },
    insert: (key, value) => insertAt(leaf, place, key, value),
    replace(value) {
      slots[leaf * FANOUT + place] = value;
    },
    remove(key) {
      descend(key);
      removeFrom(leaf, place);
      let node = leaf;
      for (let depth = height; depth > 0 && counts[node] === 0; depth--) {
        free.push(node);
        node = pathNode[depth - 1] as number;
        removeFrom(node, pathSlot[depth - 1] as number);
      }
      while (height > 0 && counts[root] === 1) {
        free.push(root);
        root = slots[root * FANOUT] as number;
        height--;
      }
      if (height > 0 && counts[root] === 0) height = 0;
    },
  };
  return tree;
}
