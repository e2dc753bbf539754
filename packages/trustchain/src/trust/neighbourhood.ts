import type { DealGraph } from './deal-graph.ts';
import { grownInts } from './grown.ts';
import { keepFirst } from './largest.ts';
import type { NeighbourhoodLimits } from './limits.ts';

/** Why a part of the graph was left out: further than the most hops, more edges than the most, or more work than the most. */
export type Truncation = 'hops' | 'edges' | 'work';

/** The agents from which value flowed to an evaluator, and the deals among them. Local number 0 is the evaluator. */
export interface Neighbourhood {
  /** Numbers in the graph, by local number; in order of distance. */
  readonly nodes: Int32Array;
  /** Edges: local numbers of seller and buyer, minor units. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly amount: Float64Array;
  readonly truncated: Truncation | null;
}

/** Sum of the weights of a level: their parts stay exact integers of a double. */
const WEIGHT = 2 ** 52;

/**
 * Reads the part of a graph around an evaluator, a level of distance after the other. Proven cheats are in it: debts go
 * through them, trust does not.
 *
 * Where there are more edges than the most, the agents of each level share those that are left: everybody in proportion
 * to its weight, which is split evenly from a buyer to its sellers, beginning with the evaluator; of its edges it keeps the
 * largest. So a crowd of made-up agents shares the part of whoever brought it: it takes that part of what is left at its
 * own level and at each one behind, and no more, wherever it puts its deals. (When only the level that did not fit was
 * shared, a crowd that just fitted left nothing to everybody further away.) What is kept depends on keys and amounts only.
 */
export class NeighbourhoodReader {
  readonly #graph: DealGraph;
  readonly #limits: NeighbourhoodLimits;
  /** Local number of every agent of the graph, -1 outside. */
  #local: Int32Array<ArrayBuffer> = new Int32Array(0);
  #scratch: Int32Array<ArrayBuffer> = new Int32Array(64);
  #nodes: Int32Array<ArrayBuffer> = new Int32Array(64);
  #size = 0;
  #levels: number[] = [];
  #kept: Int32Array<ArrayBuffer> = new Int32Array(256);
  #keptSize = 0;
  #truncated: Truncation | null = null;

  constructor(graph: DealGraph, limits: NeighbourhoodLimits) {
    this.#graph = graph;
    this.#limits = limits;
  }

  /** Local number of an agent in what was read last; -1 when it is not in it. */
  localOf(id: number): number {
    return this.#local[id] ?? -1;
  }

  read(evaluator: number): Neighbourhood {
    this.#readLevels(evaluator, false);
    if (this.#truncated === 'edges') this.#readLevels(evaluator, true);
    return this.#result();
  }

  /** `isShared`: every level shares what is left, also one that would fit. Else it ends at a level that does not. */
  #readLevels(evaluator: number, isShared: boolean): void {
    this.#clear();
    this.#enter(evaluator);
    let begin = 0;
    for (let hop = 0; begin < this.#size; hop++) {
      const end = this.#size;
      this.#levels.push(begin);
      const left = this.#limits.edges - this.#keptSize;
      if (isShared) this.#expandSome(begin, end, hop, left);
      else if (this.#countIn(begin, end) > left) {
        this.#truncated = 'edges';
        return;
      } else for (let local = begin; local < end; local++) this.#expand(local, hop, Number.POSITIVE_INFINITY);
      begin = end;
    }
    if (isShared) this.#truncated = 'edges';
  }

  #clear(): void {
    for (let i = 0; i < this.#size; i++) this.#local[this.#nodes[i] as number] = -1;
    const { agents } = this.#graph;
    if (agents > this.#local.length) {
      this.#local = grownInts(this.#local, Math.max(agents, this.#local.length * 2), -1);
    }
    this.#size = 0;
    this.#keptSize = 0;
    this.#levels = [];
    this.#truncated = null;
  }

  #enter(id: number): void {
    if (this.#size === this.#nodes.length) this.#nodes = grownInts(this.#nodes, this.#size * 2);
    this.#nodes[this.#size] = id;
    this.#local[id] = this.#size;
    this.#size += 1;
  }

  #countIn(begin: number, end: number): number {
    let count = 0;
    for (let local = begin; local < end; local++)
      count += this.#graph.purchases(this.#nodes[local] as number);
    return count;
  }

  /** Takes in the edges of one agent, at most `share`, the largest first. */
  #expand(local: number, hop: number, share: number): void {
    const graph = this.#graph;
    const id = this.#nodes[local] as number;
    const purchases = graph.purchases(id);
    if (purchases > this.#scratch.length) this.#scratch = new Int32Array(purchases * 2);
    const edges = this.#scratch;
    const size = graph.purchasesOf(id, edges);
    const taken = Math.min(size, share);
    if (taken < size) {
      keepFirst(edges, size, taken, (a, b) => {
        const difference = graph.amountOf(b) - graph.amountOf(a);
        return (
          difference < 0 || (difference === 0 && graph.compareKeys(graph.sellerOf(a), graph.sellerOf(b)) < 0)
        );
      });
    }
    if (this.#keptSize + taken > this.#kept.length) {
      this.#kept = grownInts(this.#kept, (this.#keptSize + taken) * 2);
    }
    for (let i = 0; i < taken; i++) {
      const edge = edges[i] as number;
      const seller = graph.sellerOf(edge);
      if (this.#local[seller] === -1) {
        if (hop >= this.#limits.hops) {
          this.#truncated = 'hops';
          continue;
        }
        this.#enter(seller);
      }
      this.#kept[this.#keptSize++] = edge;
    }
  }

  #expandSome(begin: number, end: number, hop: number, left: number): void {
    const weights = this.#weights(begin);
    let sum = 0;
    for (let local = begin; local < end; local++) sum += weights[local] as number;
    for (let local = begin; local < end; local++) {
      const share = sum === 0 ? 0 : Math.floor(((weights[local] as number) / sum) * left);
      this.#expand(local, hop, share);
    }
  }

  /** Weights of the agents up to a level: the sums of integers, so that the order of edges does not matter. */
  #weights(upTo: number): Float64Array {
    const graph = this.#graph;
    const weights = new Float64Array(this.#size);
    weights[0] = WEIGHT;
    const levelOf = new Int32Array(this.#size);
    for (const [level, begin] of this.#levels.entries()) levelOf.fill(level, begin);
    const inward = new Int32Array(this.#size);
    for (let pass = 0; pass < 2; pass++) {
      // Edges are kept in order of their buyers' levels, so a buyer's weight is complete before it is split.
      for (let i = 0; i < this.#keptSize; i++) {
        const edge = this.#kept[i] as number;
        const from = this.#local[graph.sellerOf(edge)] as number;
        const to = this.#local[graph.buyerOf(edge)] as number;
        if (to >= upTo || levelOf[from] !== (levelOf[to] as number) + 1) continue;
        if (pass === 0) inward[to] = (inward[to] as number) + 1;
        else {
          const part = Math.floor((weights[to] as number) / (inward[to] as number));
          weights[from] = (weights[from] as number) + part;
        }
      }
    }
    return weights;
  }

  #result(): Neighbourhood {
    const graph = this.#graph;
    const count = this.#keptSize;
    const from = new Int32Array(count);
    const to = new Int32Array(count);
    const amount = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const edge = this.#kept[i] as number;
      from[i] = this.#local[graph.sellerOf(edge)] as number;
      to[i] = this.#local[graph.buyerOf(edge)] as number;
      amount[i] = graph.amountOf(edge);
    }
    return { nodes: this.#nodes.slice(0, this.#size), from, to, amount, truncated: this.#truncated };
  }
}
