import { type PublicKey, publicKey } from '@edmp/interface';
import type { DealGraph } from './deal-graph.ts';
import { flowNetworks } from './flow-networks.ts';
import { MAX_FLOW } from './limits.ts';
import type { MaxFlow } from './max-flow.ts';
import type { Neighbourhood, Truncation } from './neighbourhood.ts';
import type { NetFlow, NetFlowView } from './net-flow.ts';

/** One way along which an agent is good for something: from it, over whom each sold to, to the evaluator. */
export interface TrustPath {
  /** From the agent to the evaluator. */
  readonly agents: readonly PublicKey[];
  /** What flows along it, minor units, rounded down. */
  readonly amount: bigint;
}

/**
 * What bounds a score: all flow goes through these.
 * - `deals`: what `seller` was paid by `buyer` in all.
 * - `standing`: what `agent` gave towards the evaluator less what it took.
 */
export type TrustBound =
  | { readonly kind: 'deals'; readonly seller: PublicKey; readonly buyer: PublicKey; readonly amount: bigint }
  | { readonly kind: 'standing'; readonly agent: PublicKey; readonly amount: bigint };

/**
 * What would raise a score:
 * - `buy-from-it`: the evaluator buys from the agent and the deal completes; by what it pays, always.
 * - `more-deals`: `buyer` buys more from `seller`.
 * - `more-standing`: `agent` sells more to those whose sales lead to the evaluator, or takes less.
 */
export type TrustAdvice =
  | { readonly kind: 'buy-from-it'; readonly seller: PublicKey; readonly buyer: PublicKey }
  | { readonly kind: 'more-deals'; readonly seller: PublicKey; readonly buyer: PublicKey }
  | { readonly kind: 'more-standing'; readonly agent: PublicKey };

/** Why an agent has its score. */
export interface TrustExplanation {
  readonly score: bigint;
  readonly standing: bigint;
  /** Its fraud is proven: nothing else counts. */
  readonly condemned: boolean;
  /** With `work` there may be more ways than were found, and no bounds. */
  readonly truncated: Truncation | null;
  /** The largest ways first, at most five. */
  readonly paths: readonly TrustPath[];
  /** Ways that are not shown. */
  readonly morePaths: number;
  /** The smallest cut, the one nearest to the agent: their amounts add up to the score but for rounding. At most 32, the largest. */
  readonly bounds: readonly TrustBound[];
  /** Bounds that are not shown. */
  readonly moreBounds: number;
  /** Empty for a proven cheat: nothing raises its score. */
  readonly advice: readonly TrustAdvice[];
}

const MAX_PATHS = 5;
const MAX_BOUNDS = 32;
/** Ways that are told apart; what a score consists of beyond that is one number. */
const MAX_COUNTED_PATHS = 4_096;

/**
 * Explains what an agent is to an evaluator. Agents and edges are ordered by key first, so the same graph gives the same
 * explanation in whatever order its deals came.
 */
export function explainScore(netFlow: NetFlow, agent: PublicKey): TrustExplanation {
  const { evaluator, graph } = netFlow;
  const { score, standing, condemned, truncated } = netFlow.score(publicKey(agent));
  const facts = { score, standing, condemned, truncated };
  if (condemned) return { ...facts, ...NOTHING, advice: [] };
  const view = netFlow.view();
  const local = view?.localOf(agent) ?? -1;
  const buy: TrustAdvice = { kind: 'buy-from-it', seller: agent, buyer: evaluator };
  if (view === undefined || local <= 0) return { ...facts, ...NOTHING, advice: local === 0 ? [] : [buy] };
  const ordered = new OrderedFlow(graph, view, netFlow.alpha, local);
  const paths = ordered.paths();
  const bounds = ordered.bounds();
  const advice = bounds.slice(0, MAX_BOUNDS).map(adviceFor);
  return {
    ...facts,
    paths: paths.slice(0, MAX_PATHS),
    morePaths: Math.max(0, paths.length - MAX_PATHS),
    bounds: bounds.slice(0, MAX_BOUNDS),
    moreBounds: Math.max(0, bounds.length - MAX_BOUNDS),
    advice: [buy, ...advice.filter((each) => !isSameDeal(each, buy))],
  };
}

const NOTHING = { paths: [], morePaths: 0, bounds: [], moreBounds: 0 } as const;

function adviceFor(bound: TrustBound): TrustAdvice {
  return bound.kind === 'deals'
    ? { kind: 'more-deals', seller: bound.seller, buyer: bound.buyer }
    : { kind: 'more-standing', agent: bound.agent };
}

function isSameDeal(
  advice: TrustAdvice,
  { seller, buyer }: Extract<TrustAdvice, { seller: PublicKey }>,
): boolean {
  return advice.kind === 'more-deals' && advice.seller === seller && advice.buyer === buyer;
}

/** The flow from one agent in a copy of the neighbourhood whose agents and edges stand in the order of their keys. */
class OrderedFlow {
  readonly #graph: DealGraph;
  readonly #alpha: number;
  readonly #part: Neighbourhood;
  readonly #flow: MaxFlow;
  readonly #ownArcs: Int32Array;
  readonly #edgeArcs: Int32Array;
  readonly #source: number;

  constructor(graph: DealGraph, view: NetFlowView, alpha: number, agent: number) {
    this.#graph = graph;
    this.#alpha = alpha;
    const { part, standings, work } = view;
    const order = Int32Array.from(part.nodes.keys());
    const byKey = (a: number, b: number): number =>
      graph.compareKeys(part.nodes[a] as number, part.nodes[b] as number);
    order.subarray(1).sort(byKey);
    const placeOf = new Int32Array(order.length);
    for (const [place, local] of order.entries()) placeOf[local] = place;
    this.#part = inOrder(part, order, placeOf);
    const isCheat = (place: number): boolean => graph.isCheat(this.#part.nodes[place] as number);
    const networks = flowNetworks(
      this.#part,
      alpha,
      isCheat,
      (place) => standings.of(order[place] as number),
      work,
    );
    this.#flow = networks.passed();
    this.#ownArcs = networks.ownArcs();
    this.#edgeArcs = networks.passedArcs();
    this.#source = placeOf[agent] as number;
    this.#flow.send(2 * this.#source, MAX_FLOW);
  }

  /** Takes the flow apart into ways, the largest first. */
  paths(): TrustPath[] {
    const next = this.#flowOut();
    const found: TrustPath[] = [];
    while (found.length < MAX_COUNTED_PATHS) {
      const way = followFlow(next, this.#source);
      if (way === undefined) break;
      const amount = this.#units(way.amount);
      if (amount > 0n) found.push({ agents: way.nodes.map((place) => this.#keyOf(place)), amount });
    }
    return found.sort((a, b) => (a.amount === b.amount ? 0 : a.amount > b.amount ? -1 : 1));
  }

  /** The capacities between what the agent can still send to and the rest, the largest first. */
  bounds(): TrustBound[] {
    // What is not the largest flow shows no cut.
    if (this.#flow.end === 'work') return [];
    const side = this.#flow.reached(2 * this.#source);
    const { from, to, nodes } = this.#part;
    const found: TrustBound[] = [];
    for (let place = 1; place < nodes.length; place++) {
      if (side[2 * place] !== 1 || side[2 * place + 1] === 1) continue;
      const amount = this.#units(this.#flow.flow(this.#ownArcs[place] as number));
      found.push({ kind: 'standing', agent: this.#keyOf(place), amount });
    }
    for (let edge = 0; edge < from.length; edge++) {
      const seller = from[edge] as number;
      const buyer = to[edge] as number;
      if (seller === 0 || side[2 * seller + 1] !== 1 || side[2 * buyer] === 1) continue;
      const amount = this.#units(this.#flow.flow(this.#edgeArcs[edge] as number));
      if (amount === 0n) continue;
      found.push({ kind: 'deals', seller: this.#keyOf(seller), buyer: this.#keyOf(buyer), amount });
    }
    return found.sort((a, b) => (a.amount === b.amount ? 0 : a.amount > b.amount ? -1 : 1));
  }

  /** For every agent where its flow goes and how much. */
  #flowOut(): Map<number, { readonly to: number; amount: number }[]> {
    const { from, to } = this.#part;
    const out = new Map<number, { readonly to: number; amount: number }[]>();
    for (let edge = 0; edge < from.length; edge++) {
      const amount = this.#flow.flow(this.#edgeArcs[edge] as number);
      if (amount <= 0) continue;
      const list = out.get(from[edge] as number) ?? [];
      list.push({ to: to[edge] as number, amount });
      out.set(from[edge] as number, list);
    }
    return out;
  }

  #keyOf(place: number): PublicKey {
    return this.#graph.keyOf(this.#part.nodes[place] as number);
  }

  #units(scaled: number): bigint {
    return BigInt(Math.floor(scaled / this.#alpha));
  }
}

function inOrder(part: Neighbourhood, order: Int32Array, placeOf: Int32Array): Neighbourhood {
  const edges = Int32Array.from(part.from.keys());
  const seller = (edge: number): number => placeOf[part.from[edge] as number] as number;
  const buyer = (edge: number): number => placeOf[part.to[edge] as number] as number;
  edges.sort((a, b) => seller(a) - seller(b) || buyer(a) - buyer(b));
  return {
    nodes: order.map((local) => part.nodes[local] as number),
    from: edges.map(seller),
    to: edges.map(buyer),
    amount: Float64Array.from(edges, (edge) => part.amount[edge] as number),
    truncated: part.truncated,
  };
}

/** Takes one way from `source` to agent 0 out of a flow, rounds on it apart; undefined when none is left. */
function followFlow(
  out: Map<number, { readonly to: number; amount: number }[]>,
  source: number,
): { readonly nodes: readonly number[]; readonly amount: number } | undefined {
  const nodes = [source];
  const steps: { readonly to: number; amount: number }[] = [];
  const placeOf = new Map([[source, 0]]);
  for (let at = source; at !== 0; ) {
    const list = out.get(at);
    while (list !== undefined && list.length > 0 && list[0]?.amount === 0) list.shift();
    const step = list?.[0];
    if (step === undefined) return undefined;
    const back = placeOf.get(step.to);
    if (back !== undefined) {
      // Flow that goes in a circle leads nowhere: it is taken out.
      takeOut([...steps.slice(back), step]);
      for (const node of nodes.splice(back + 1)) placeOf.delete(node);
      steps.length = back;
      at = step.to;
      continue;
    }
    steps.push(step);
    nodes.push(step.to);
    placeOf.set(step.to, nodes.length - 1);
    at = step.to;
  }
  return { nodes, amount: takeOut(steps) };
}

function takeOut(steps: readonly { amount: number }[]): number {
  const amount = Math.min(...steps.map((step) => step.amount));
  for (const step of steps) step.amount -= amount;
  return amount;
}
