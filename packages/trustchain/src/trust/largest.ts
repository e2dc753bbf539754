/**
 * Moves the `count` first of `items[0 … size)` by `isBefore`, a strict total order, to the front of `items`, in no special
 * order; the rest is lost. A heap of `count` of them: no sorting of what a hub's million partners are.
 */
export function keepFirst(
  items: Int32Array,
  size: number,
  count: number,
  isBefore: (a: number, b: number) => boolean,
): void {
  if (size <= count || count === 0) return;
  // The root is the last of those kept: whatever stands before it takes its place.
  for (let i = (count >> 1) - 1; i >= 0; i--) sink(items, i, count, isBefore);
  for (let i = count; i < size; i++) {
    const item = items[i] as number;
    if (!isBefore(item, items[0] as number)) continue;
    items[0] = item;
    sink(items, 0, count, isBefore);
  }
}

function sink(
  items: Int32Array,
  from: number,
  count: number,
  isBefore: (a: number, b: number) => boolean,
): void {
  const item = items[from] as number;
  let hole = from;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= count) break;
    if (child + 1 < count && isBefore(items[child] as number, items[child + 1] as number)) child += 1;
    if (!isBefore(item, items[child] as number)) break;
    items[hole] = items[child] as number;
    hole = child;
  }
  items[hole] = item;
}
