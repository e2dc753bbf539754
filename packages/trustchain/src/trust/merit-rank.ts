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
  #hits = new Map<number, number>();
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
    return this.#hits.get(this.#graph.idOf(publicKey(agent))) ?? 0;
  }

  /** Every agent that a walk comes to, the most often reached first, equal ones by key. */
  all(): readonly MeritRankScore[] {
    this.#update();
    const graph = this.#graph;
    return [...this.#hits]
      .sort(([a, hitsA], [b, hitsB]) => hitsB - hitsA || graph.compareKeys(a, b))
      .map(([id, hits]) => ({ agent: graph.keyOf(id), hits }));
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
    if (changed === undefined) this.#walkAll();
    else this.#walkAgain(new Set(changed.map((edge) => graph.buyerOf(edge))));
  }

  #walkAll(): void {
    this.#sellers.clear();
    this.#hits = new Map();
    for (let walk = 0; walk < this.#walks; walk++) {
      this.#grow(walk, 0);
      this.#count(walk, 1);
    }
  }

  /** Cuts the walks that go through changed buyers behind the first of these, and grows them again. */
  #walkAgain(buyers: ReadonlySet<number>): void {
    for (const buyer of buyers) this.#sellers.forget(buyer);
    const cutAll = buyers.has(this.#id);
    for (let walk = 0; walk < this.#walks; walk++) {
      const cut = cutAll ? 0 : this.#firstOf(buyers, walk);
      if (cut === -1) continue;
      this.#count(walk, -1);
      this.#grow(walk, cut);
      this.#count(walk, 1);
    }
  }

  /** How much of a walk stays when `buyers` choose anew: -1 = all of it. */
  #firstOf(buyers: ReadonlySet<number>, walk: number): number {
    const start = walk * MAX_STEPS;
    const end = start + (this.#lengths[walk] as number);
    for (let at = start; at < end; at++) if (buyers.has(this.#steps[at] as number)) return at - start + 1;
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
      const hits = (this.#hits.get(id) ?? 0) + by;
      if (hits === 0) this.#hits.delete(id);
      else this.#hits.set(id, hits);
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
