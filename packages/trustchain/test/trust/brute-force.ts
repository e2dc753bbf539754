/** Capacities by node: `capacity[a][b]`. */
export type Matrix = readonly (readonly number[])[];

/** Maximum flow by the slowest way there is: any path that has room, one after the other (Ford, Fulkerson 1956). */
export function slowMaxFlow(capacity: Matrix, source: number, sink: number): number {
  const left = capacity.map((row) => [...row]);
  let total = 0;
  for (;;) {
    const before = new Array<number>(left.length).fill(-1);
    before[source] = source;
    const stack = [source];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      for (let next = 0; next < left.length; next++) {
        if (left[node]![next]! > 0 && before[next] === -1) {
          before[next] = node;
          stack.push(next);
        }
      }
    }
    if (before[sink] === -1) return total;
    let amount = Number.POSITIVE_INFINITY;
    for (let at = sink; at !== source; at = before[at]!) amount = Math.min(amount, left[before[at]!]![at]!);
    for (let at = sink; at !== source; at = before[at]!) {
      left[before[at]!]![at]! -= amount;
      left[at]![before[at]!]! += amount;
    }
    total += amount;
  }
}

/** NetFlow by its definition (Otte, §5.1 of facts/trustchain.md), evaluator 0; standings and scores scaled by `alpha`. */
export function slowNetFlow(
  paid: Matrix,
  alpha: number,
): { readonly standings: readonly number[]; readonly scores: readonly number[] } {
  const count = paid.length;
  const scaled = paid.map((row, from) => row.map((amount) => (from === 0 ? amount : amount * alpha)));
  const standings = paid.map((_, j) =>
    j === 0 ? 0 : Math.max(0, slowMaxFlow(scaled, j, 0) - slowMaxFlow(scaled, 0, j)),
  );
  const split = Array.from({ length: 2 * count }, () => new Array<number>(2 * count).fill(0));
  for (let a = 0; a < count; a++) {
    split[2 * a]![2 * a + 1] = a === 0 ? Number.MAX_SAFE_INTEGER : standings[a]!;
    for (let b = 0; b < count; b++) split[2 * a + 1]![2 * b] = scaled[a]![b]!;
  }
  const scores = paid.map((_, j) => (j === 0 ? 0 : slowMaxFlow(split, 2 * j, 1)));
  return { standings, scores };
}
