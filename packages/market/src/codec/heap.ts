/** A binary min-heap of items with a numeric rank. */
export interface Heap<T> {
  readonly size: number;
  push(rank: number, item: T): void;
  /** Rank of the first item, or +∞. */
  peekRank(): number;
  /** Removes and returns an item of the lowest rank. */
  pop(): T | undefined;
}

/** An empty heap. */
export function minHeap<T>(): Heap<T> {
  const entries: { readonly rank: number; readonly item: T }[] = [];
  const rankAt = (index: number): number => entries[index]?.rank ?? Number.POSITIVE_INFINITY;
  const swap = (a: number, b: number): void => {
    const first = entries[a];
    const second = entries[b];
    if (first === undefined || second === undefined) return;
    entries[a] = second;
    entries[b] = first;
  };
  return {
    get size() {
      return entries.length;
    },
    push(rank, item) {
      entries.push({ rank, item });
      for (let at = entries.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (rankAt(parent) <= rankAt(at)) break;
        swap(parent, at);
        at = parent;
      }
    },
    peekRank: () => rankAt(0),
    pop() {
      const first = entries[0];
      const last = entries.pop();
      if (first === undefined || last === undefined) return undefined;
      if (entries.length > 0) {
        entries[0] = last;
        for (let at = 0; ; ) {
          const left = 2 * at + 1;
          const child = rankAt(left + 1) < rankAt(left) ? left + 1 : left;
          if (rankAt(child) >= rankAt(at)) break;
          swap(child, at);
          at = child;
        }
      }
      return first.item;
    },
  };
}
