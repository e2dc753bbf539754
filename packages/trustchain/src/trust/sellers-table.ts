import type { DealGraph } from './deal-graph.ts';
import { keepFirst } from './largest.ts';

/** Sellers of one buyer in order of their keys, and the sums of what they were paid up to and with each. */
export interface Sellers {
  readonly ids: Int32Array;
  readonly sums: Float64Array;
}

/** Most sellers of one buyer that walks choose among, the largest: a hub's table stays small enough to make anew. */
const MAX_SELLERS = 16_384;

/** For every buyer that walks came to its sellers, proven cheats left out; made when asked for. */
export class SellersTable {
  readonly #graph: DealGraph;
  readonly #known = new Map<number, Sellers>();

  constructor(graph: DealGraph) {
    this.#graph = graph;
  }

  /** Forgets what is known of a buyer. */
  forget(buyer: number): void {
    this.#known.delete(buyer);
  }

  clear(): void {
    this.#known.clear();
  }

  of(buyer: number): Sellers {
    const known = this.#known.get(buyer);
    if (known !== undefined) return known;
    const graph = this.#graph;
    const edges = new Int32Array(graph.purchases(buyer));
    let size = graph.purchasesOf(buyer, edges);
    if (graph.cheats > 0) {
      let honest = 0;
      for (let i = 0; i < size; i++) {
        const edge = edges[i] as number;
        if (!graph.isCheat(graph.sellerOf(edge))) edges[honest++] = edge;
      }
      size = honest;
    }
    keepFirst(edges, size, MAX_SELLERS, (a, b) => {
      const difference = graph.amountOf(b) - graph.amountOf(a);
      return (
        difference < 0 || (difference === 0 && graph.compareKeys(graph.sellerOf(a), graph.sellerOf(b)) < 0)
      );
    });
    const kept = edges.subarray(0, Math.min(size, MAX_SELLERS));
    kept.sort((a, b) => graph.compareKeys(graph.sellerOf(a), graph.sellerOf(b)));
    const ids = new Int32Array(kept.length);
    const sums = new Float64Array(kept.length);
    let sum = 0;
    for (const [i, edge] of kept.entries()) {
      sum += graph.amountOf(edge);
      ids[i] = graph.sellerOf(edge);
      sums[i] = sum;
    }
    const sellers = { ids, sums };
    this.#known.set(buyer, sellers);
    return sellers;
  }
}

/** The seller at a point from 0 to 1 of the sum of what all were paid; -1 when there is none. */
export function sellerAt({ ids, sums }: Sellers, point: number): number {
  const last = ids.length - 1;
  if (last < 0) return -1;
  const wanted = point * (sums[last] as number);
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] as number) > wanted) high = middle;
    else low = middle + 1;
  }
  return ids[low] as number;
}
