import { type PublicKey, publicKey } from '@edmp/interface';
import type { DealGraph } from './deal-graph.ts';
import { wholeOption } from './errors.ts';
import { SellersTable, sellerAt } from './sellers-table.ts';
import { draw, drawFraction } from './walk-draws.ts';

/** Options of {@link meritRank}. */
export interface MeritRankOptions {
  /** Whose view it is. */
  readonly evaluator: PublicKey;
  /** Chooses the walks, a 32-bit whole number: the same seed, the same ranks. Default 1. */
  readonly seed?: number;
  /** Default 10 000: a share of one half is then off by half a per cent, as a rule. At most 1 000 000. */
  readonly walks?: number;
  /** Chance in per cent that a walk goes on after a step, 1 … 99. Default 85: 5.7 further steps, as a rule. */
  readonly alphaPercent?: number;
}

/** An agent's rank. */
export interface MeritRankScore {
  readonly agent: PublicKey;
  /** Walks that came to it. */
  readonly hits: number;
}

/** Most agents of one walk: at α 0.85 three walks in 100 000 would be longer. */
const MAX_STEPS = 64;

/**
 * MeritRank (Nasrulin, Ishmaev, Pouwelse 2022, with transitivity decay α): how many of an evaluator's random walks come to
 * an agent. A walk begins at the evaluator and goes from a buyer to one of its sellers, as likely as it was paid; an
 * agent counts once a walk. It never enters a proven cheat.
 *
 * Walks are kept. When deals come, those through their buyers are cut behind them and grown again; all draws depend on
 * (seed, walk, step) alone, so the ranks are those of walks made from scratch.
 */
export class MeritRank {
  readonly #graph: DealGraph;
  readonly #evaluator: PublicKey;
  readonly #seed: number;
  readonly #walks: number;
  /** A walk goes on when 32 drawn bits are below this. */
  readonly #goOn: number;
  readonly #sellers: SellersTable;
  /** Agents of each walk behind the evaluator, {@link MAX_STEPS} places a walk. */
  readonly #steps: Int32Array;
  readonly #lengths: Uint8Array;
  /** By agent. Numbers in a row: a walk's agents are counted at every change. */
  #hits = new Int32Array(0);
  /** By agent: 1 = chooses anew. All are 0 between two updates. */
  #isChanged = new Uint8Array(0);
  #changes = -1;
  #cheats = 0;
  #id = -1;

  constructor(
    graph: DealGraph,
    evaluator: PublicKey,
    options: { readonly seed: number; readonly walks: number; readonly alphaPercent: number },
  ) {
    this.#graph = graph;
    this.#evaluator = evaluator;
    this.#seed = options.seed;
    this.#walks = options.walks;
    this.#goOn = Math.floor((options.alphaPercent * 2 ** 32) / 100);
    this.#sellers = new SellersTable(graph);
    this.#steps = new Int32Array(options.walks * MAX_STEPS);
    this.#lengths = new Uint8Array(options.walks);
  }

  /** Walks in all: {@link MeritRankScore.hits} out of these. */
  get walks(): number {
    return this.#walks;
  }

  /** Walks that come to an agent, 0 … {@link MeritRank.walks}. */
  hits(agent: PublicKey): number {
    this.#update();
    return this.#hits[this.#graph.idOf(publicKey(agent))] ?? 0;
  }

  /** Every agent that a walk comes to, the most often reached first, equal ones by key. */
  all(): readonly MeritRankScore[] {
    this.#update();
    const graph = this.#graph;
    const hits = this.#hits;
    const reached: number[] = [];
    for (let id = 0; id < hits.length; id++) if (hits[id] !== 0) reached.push(id);
    return reached
      .sort((a, b) => (hits[b] as number) - (hits[a] as number) || graph.compareKeys(a, b))
      .map((id) => ({ agent: graph.keyOf(id), hits: hits[id] as number }));
  }

  #update(): void {
    const graph = this.#graph;
    if (this.#changes === graph.changes && this.#cheats === graph.cheats) return;
    const changed =
      this.#cheats === graph.cheats && this.#id !== -1 ? graph.changedSince(this.#changes) : undefined;
    this.#changes = graph.changes;
    this.#cheats = graph.cheats;
    this.#id = graph.idOf(this.#evaluator);
    if (this.#id === -1) return;
    this.#makeRoom(graph.agents);
    if (changed === undefined) this.#walkAll();
    else this.#walkAgain(new Set(changed.map((edge) => graph.buyerOf(edge))));
  }

  #makeRoom(agents: number): void {
    if (agents <= this.#hits.length) return;
    // Half as much again: newcomers come one by one.
    const room = agents + (agents >> 1);
    const hits = new Int32Array(room);
    hits.set(this.#hits);
    this.#hits = hits;
    this.#isChanged = new Uint8Array(room);
  }

  #walkAll(): void {
    this.#sellers.clear();
    this.#hits.fill(0);
    for (let walk = 0; walk < this.#walks; walk++) {
      this.#grow(walk, 0);
      this.#count(walk, 1);
    }
  }

  /** Cuts the walks that go through changed buyers behind the first of these, and grows them again. */
  #walkAgain(buyers: ReadonlySet<number>): void {
    const isChanged = this.#isChanged;
    for (const buyer of buyers) {
      this.#sellers.forget(buyer);
      isChanged[buyer] = 1;
    }
    const cutAll = buyers.has(this.#id);
    for (let walk = 0; walk < this.#walks; walk++) {
      const cut = cutAll ? 0 : this.#firstChanged(walk);
      if (cut === -1) continue;
      this.#count(walk, -1);
      this.#grow(walk, cut);
      this.#count(walk, 1);
    }
    for (const buyer of buyers) isChanged[buyer] = 0;
  }

  /** How much of a walk stays when some buyers choose anew: -1 = all of it. */
  #firstChanged(walk: number): number {
    const isChanged = this.#isChanged;
    const start = walk * MAX_STEPS;
    const end = start + (this.#lengths[walk] as number);
    for (let at = start; at < end; at++)
      if (isChanged[this.#steps[at] as number] === 1) return at - start + 1;
    return -1;
  }

  /** Walks on behind the first `length` agents. */
  #grow(walk: number, length: number): void {
    const start = walk * MAX_STEPS;
    let step = length;
    let at = step === 0 ? this.#id : (this.#steps[start + step - 1] as number);
    while (step < MAX_STEPS && draw(this.#seed, walk, step, 0) < this.#goOn) {
      at = sellerAt(this.#sellers.of(at), drawFraction(this.#seed, walk, step));
      if (at === -1) break;
      this.#steps[start + step] = at;
      step += 1;
    }
    this.#lengths[walk] = step;
  }

  /** Counts the agents of a walk, each once, the evaluator not. */
  #count(walk: number, by: 1 | -1): void {
    const start = walk * MAX_STEPS;
    const end = start + (this.#lengths[walk] as number);
    for (let at = start; at < end; at++) {
      const id = this.#steps[at] as number;
      if (id === this.#id || this.#isBefore(id, start, at)) continue;
      this.#hits[id] = (this.#hits[id] as number) + by;
    }
  }

  #isBefore(id: number, start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.#steps[at] === id) return true;
    return false;
  }
}

/** Ranks agents as `options.evaluator` sees them. Throws `ERR_TRUST_ARGUMENT` on options out of range. */
export function meritRank(graph: DealGraph, options: MeritRankOptions): MeritRank {
  return new MeritRank(graph, publicKey(options.evaluator), {
    seed: wholeOption(options.seed ?? 1, 0, 2 ** 32 - 1, 'seed') | 0,
    walks: wholeOption(options.walks ?? 10_000, 1, 1_000_000, 'walks'),
    alphaPercent: wholeOption(options.alphaPercent ?? 85, 1, 99, 'alphaPercent'),
  });
}
