import { flowTopology } from './flow-topology.ts';
import type { FlowWork } from './flow-work.ts';
import { MaxFlow, UNKNOWN } from './max-flow.ts';
import type { Neighbourhood } from './neighbourhood.ts';

/** The three networks of NetFlow over one neighbourhood, capacities scaled by α; each is made when it is asked for. */
export interface FlowNetworks {
  /** From an agent to the evaluator. */
  readonly given: () => MaxFlow;
  /** From the evaluator to an agent, turned round: sent from the agent. */
  readonly taken: () => MaxFlow;
  /**
   * From an agent to the evaluator when no agent passes on more than its standing. Every agent is two nodes, `2 * local` in
   * and `2 * local + 1` out.
   */
  readonly passed: () => MaxFlow;
  /** Arc of each edge of the neighbourhood in {@link passed}. */
  readonly passedArcs: () => Int32Array;
  /** Arc of each agent's own capacity in {@link passed}, by local number. */
  readonly ownArcs: () => Int32Array;
  /** Capacities around each agent. */
  readonly sums: Sums;
}

/** Sums of scaled capacities by local number, saturating: bounds of the flows from and to an agent. */
export interface Sums {
  /** Of its edges to others, without a cheat's, and the evaluator's. */
  readonly given: Float64Array;
  /** Of the edges that end at the evaluator, cheats' apart. */
  readonly givenAtEvaluator: number;
  /** Of the edges that end at it. */
  readonly taken: Float64Array;
  /** Of the edges that the evaluator has as a seller. */
  readonly takenAtEvaluator: number;
}

/**
 * Prepares the networks of a neighbourhood. `standing` tells the standing of an agent by its local number, scaled, or
 * {@link UNKNOWN}; all flows share `work`.
 */
export function flowNetworks(
  part: Neighbourhood,
  alpha: number,
  isCheat: (local: number) => boolean,
  standing: (local: number) => number,
  work: FlowWork,
): FlowNetworks {
  const { from, to, amount } = part;
  const nodes = part.nodes.length;
  const plain = once(() => flowTopology(nodes, from, to));
  const giving = (edge: number): number => {
    const seller = from[edge] as number;
    return seller === 0 || isCheat(seller) ? 0 : (amount[edge] as number) * alpha;
  };
  const taking = (edge: number): number => {
    if (to[edge] === 0) return 0;
    return (amount[edge] as number) * (from[edge] === 0 ? 1 : alpha);
  };
  const split = once(() => {
    const edges = from.length;
    const tails = new Int32Array(edges + nodes - 1);
    const heads = new Int32Array(edges + nodes - 1);
    // Agents first: their arcs are looked at first.
    for (let local = 1; local < nodes; local++) {
      tails[local - 1] = 2 * local;
      heads[local - 1] = 2 * local + 1;
    }
    for (let edge = 0; edge < edges; edge++) {
      tails[nodes - 1 + edge] = 2 * (from[edge] as number) + 1;
      heads[nodes - 1 + edge] = 2 * (to[edge] as number);
    }
    const topology = flowTopology(2 * nodes, tails, heads);
    const ownArcs = new Int32Array(nodes).fill(-1);
    ownArcs.set(topology.arcOf.subarray(0, nodes - 1), 1);
    return { topology, ownArcs, passedArcs: topology.arcOf.subarray(nodes - 1) };
  });
  return {
    given: once(() => {
      const topology = plain();
      const capacity = new Float64Array(2 * from.length);
      for (let edge = 0; edge < from.length; edge++) capacity[topology.arcOf[edge] as number] = giving(edge);
      return new MaxFlow(topology, capacity, 0, undefined, work);
    }),
    taken: once(() => {
      const topology = plain();
      const capacity = new Float64Array(2 * from.length);
      for (let edge = 0; edge < from.length; edge++) {
        capacity[topology.mate[topology.arcOf[edge] as number] as number] = taking(edge);
      }
      return new MaxFlow(topology, capacity, 0, undefined, work);
    }),
    passed: once(() => {
      const { topology, ownArcs, passedArcs } = split();
      const capacity = new Float64Array(2 * (from.length + nodes - 1));
      for (let edge = 0; edge < from.length; edge++) capacity[passedArcs[edge] as number] = giving(edge);
      for (let local = 1; local < nodes; local++) {
        capacity[ownArcs[local] as number] = isCheat(local) ? 0 : UNKNOWN;
      }
      // Of an agent's two nodes the first is even, and only the arc between them is ever unknown.
      return new MaxFlow(topology, capacity, 0, (arc) => standing((topology.head[arc] as number) >> 1), work);
    }),
    passedArcs: () => split().passedArcs,
    ownArcs: () => split().ownArcs,
    sums: sumsOf(part, giving, taking),
  };
}

function sumsOf(
  { from, to, nodes }: Neighbourhood,
  giving: (edge: number) => number,
  taking: (edge: number) => number,
): Sums {
  const given = new Float64Array(nodes.length);
  const taken = new Float64Array(nodes.length);
  let givenAtEvaluator = 0;
  let takenAtEvaluator = 0;
  for (let edge = 0; edge < from.length; edge++) {
    const seller = from[edge] as number;
    const buyer = to[edge] as number;
    const more = giving(edge);
    const less = taking(edge);
    given[seller] = (given[seller] as number) + more;
    taken[buyer] = (taken[buyer] as number) + less;
    if (buyer === 0) givenAtEvaluator += more;
    if (seller === 0) takenAtEvaluator += less;
  }
  return { given, givenAtEvaluator, taken, takenAtEvaluator };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
