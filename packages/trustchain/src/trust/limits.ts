/**
 * Most that one edge counts, minor units: 2^49 − 1. All arithmetic of flows is exact in doubles then: capacities are scaled
 * by α ≤ 16, and (2^49 − 1) · 16 < 2^53. What a pair of agents trades above that is not counted; sums saturate, so order matters not.
 */
export const MAX_EDGE_AMOUNT: number = 2 ** 49 - 1;

/** Most that one flow counts, scaled minor units: the largest exact integer of a double. */
export const MAX_FLOW: number = Number.MAX_SAFE_INTEGER;

/** Largest α of NetFlow; Otte's experiments use 1, 2 and 4. */
export const MAX_ALPHA = 16;

/** Limits of a graph of deals. Deals beyond them are counted in `dropped` and give nothing. */
export interface DealGraphLimits {
  /** Agents. Default 4 000 000: 32 bytes of key, 8 of hash table and 8 of adjacency each. */
  readonly agents: number;
  /** Pairs of agents. Default 16 000 000: 36 bytes each. */
  readonly edges: number;
}

/** Defaults of {@link DealGraphLimits}. */
export const DEAL_GRAPH_LIMITS: DealGraphLimits = { agents: 4_000_000, edges: 16_000_000 };

/** How much of the graph around an evaluator is looked at. */
export interface NeighbourhoodLimits {
  /**
   * Longest way from an agent to the evaluator, deals. Default 8: the networks measured so far have diameters of 3 to 4, and
   * who is further away has next to nothing to lose.
   */
  readonly hops: number;
  /** Most edges. Default 262 144: some 20 ms to build, 25 MB. */
  readonly edges: number;
}

/** Defaults of {@link NeighbourhoodLimits}. */
export const NEIGHBOURHOOD_LIMITS: NeighbourhoodLimits = { hops: 8, edges: 262_144 };
