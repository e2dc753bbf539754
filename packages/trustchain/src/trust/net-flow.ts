import { type PublicKey, publicKey } from '@edmp/interface';
import type { DealGraph } from './deal-graph.ts';
import { wholeOption } from './errors.ts';
import { type FlowNetworks, flowNetworks } from './flow-networks.ts';
import { type FlowWork, QUESTION_WORK, unlimitedWork } from './flow-work.ts';
import { MAX_ALPHA, MAX_FLOW, NEIGHBOURHOOD_LIMITS, type NeighbourhoodLimits } from './limits.ts';
import { type Neighbourhood, NeighbourhoodReader, type Truncation } from './neighbourhood.ts';
import { StandingBook } from './standing-book.ts';

/** Options of {@link netFlow}. */
export interface NetFlowOptions {
  /** Whose view it is. */
  readonly evaluator: PublicKey;
  /** How many times what it gave an agent may take before it is nothing to the evaluator: 1 … 16. Default 2. */
  readonly alpha?: number;
  readonly limits?: Partial<NeighbourhoodLimits>;
}

/** What an agent is to an evaluator by NetFlow, minor units, rounded down. */
export interface NetFlowScore {
  /** Most that may be at risk with it alone: what it passes on to the evaluator of what it is good for. */
  readonly score: bigint;
  /** φ: what it gave towards the evaluator less what it took from it. No crowd behind it can be good for more. */
  readonly standing: bigint;
  /** Its fraud is proven. */
  readonly condemned: boolean;
  /**
   * What was left out to stay within the limits; null: nothing. With `work` the figures are the least that it is; how much
   * was found may depend on the order of deals.
   */
  readonly truncated: Truncation | null;
}

/** @hidden What {@link NetFlow.view} shows to the parts around it. */
export interface NetFlowView {
  readonly part: Neighbourhood;
  readonly networks: FlowNetworks;
  readonly standings: StandingBook;
  readonly work: FlowWork;
  readonly localOf: (agent: PublicKey) => number;
}

/**
 * NetFlow (Otte, de Vos, Pouwelse: TrustChain, FGCS 107, 2020) over a graph of deals: what an evaluator may risk with
 * an agent.
 *
 * An edge is worth what was paid along it, those from the evaluator 1/α of that. φ(j) = max(0, maxflow(j → i) −
 * maxflow(i → j)) is an agent's standing, and score(j) the largest flow from j to the evaluator i when no agent passes on
 * more than its standing. So whatever agents somebody makes up, together they are good for no more than it is itself.
 *
 * It follows the graph: what a new deal cannot have changed is not computed again.
 */
export class NetFlow {
  readonly #graph: DealGraph;
  readonly #evaluator: PublicKey;
  readonly #alpha: number;
  readonly #reader: NeighbourhoodReader;
  #view: NetFlowView | undefined;
  #version = -1;
  #cheats = 0;
  #scores = new Map<number, number>();
  readonly #work: FlowWork = unlimitedWork();

  constructor(graph: DealGraph, evaluator: PublicKey, alpha: number, limits: NeighbourhoodLimits) {
    this.#graph = graph;
    this.#evaluator = evaluator;
    this.#alpha = alpha;
    this.#reader = new NeighbourhoodReader(graph, limits);
  }

  get evaluator(): PublicKey {
    return this.#evaluator;
  }

  get alpha(): number {
    return this.#alpha;
  }

  /** The graph that it looks at. */
  get graph(): DealGraph {
    return this.#graph;
  }

  /** What an agent is to the evaluator. One without any deal that leads there is nothing, and so is the evaluator itself. */
  score(agent: PublicKey): NetFlowScore {
    const view = this.view();
    const local = view?.localOf(publicKey(agent)) ?? -1;
    const condemned = this.#graph.isCondemned(agent);
    const truncated = view?.part.truncated ?? null;
    if (view === undefined || local <= 0) return { score: 0n, standing: 0n, condemned, truncated };
    const standing = Math.max(0, view.standings.of(local));
    return {
      score: this.#units(this.#scoreOf(view, local)),
      standing: this.#units(standing),
      condemned,
      truncated: truncated ?? (this.#work.isShort ? 'work' : null),
    };
  }

  /** All agents that are anything to the evaluator, the best first, equal ones by key. */
  all(): readonly { readonly agent: PublicKey; readonly score: bigint }[] {
    const view = this.view();
    if (view === undefined) return [];
    const { nodes } = view.part;
    const found: { readonly id: number; readonly scaled: number }[] = [];
    for (let local = 1; local < nodes.length; local++) {
      const scaled = this.#scoreOf(view, local);
      if (scaled >= this.#alpha) found.push({ id: nodes[local] as number, scaled });
    }
    const graph = this.#graph;
    found.sort(
      (a, b) =>
        Math.floor(b.scaled / this.#alpha) - Math.floor(a.scaled / this.#alpha) ||
        graph.compareKeys(a.id, b.id),
    );
    return found.map(({ id, scaled }) => ({ agent: graph.keyOf(id), score: this.#units(scaled) }));
  }

  /** @hidden The neighbourhood as of now, with work for one question; undefined as long as the evaluator has no deals. */
  view(): NetFlowView | undefined {
    const graph = this.#graph;
    this.#work.left = QUESTION_WORK;
    this.#work.isShort = false;
    if (this.#version === graph.version) return this.#view;
    const evaluator = graph.idOf(this.#evaluator);
    const before = this.#cheats === graph.cheats ? this.#view : undefined;
    this.#version = graph.version;
    this.#cheats = graph.cheats;
    this.#scores = new Map();
    if (evaluator === -1) return undefined;
    const part = this.#reader.read(evaluator);
    const isCheat = (local: number): boolean => graph.isCheat(part.nodes[local] as number);
    const networks = flowNetworks(part, this.#alpha, isCheat, (local) => standings.of(local), this.#work);
    const standings = new StandingBook(part, networks, isCheat, this.#work);
    if (before !== undefined) standings.keep(before.part, before.standings, (id) => this.#reader.localOf(id));
    const work = this.#work;
    this.#view = {
      part,
      networks,
      standings,
      work,
      localOf: (agent) => this.#reader.localOf(graph.idOf(agent)),
    };
    return this.#view;
  }

  #scoreOf({ networks, standings }: NetFlowView, local: number): number {
    const known = this.#scores.get(local);
    if (known !== undefined) return known;
    let scaled = 0;
    if (standings.of(local) > 0) {
      const flow = networks.passed();
      scaled = flow.send(2 * local, MAX_FLOW);
      flow.reset();
    }
    if (!this.#work.isShort) this.#scores.set(local, scaled);
    return scaled;
  }

  #units(scaled: number): bigint {
    return BigInt(Math.floor(scaled / this.#alpha));
  }
}

/** Looks at a graph of deals as `options.evaluator` does. Throws `ERR_TRUST_ARGUMENT` on options out of range. */
export function netFlow(graph: DealGraph, options: NetFlowOptions): NetFlow {
  const { hops, edges } = { ...NEIGHBOURHOOD_LIMITS, ...options.limits };
  return new NetFlow(
    graph,
    publicKey(options.evaluator),
    wholeOption(options.alpha ?? 2, 1, MAX_ALPHA, 'alpha'),
    {
      hops: wholeOption(hops, 1, 64, 'limits.hops'),
      edges: wholeOption(edges, 1, 2 ** 23, 'limits.edges'),
    },
  );
}
