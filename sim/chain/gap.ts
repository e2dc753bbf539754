import { percentile } from '../../bench/harness.ts';
import { equalBytes, type HalfBlock, type PublicKey } from '../../packages/interface/src/index.ts';
import { ChainTown, type ChainTownOptions, type TownNode } from './chain-town.ts';
import { Cheat } from './cheats/cheat.ts';
import { drown } from './cheats/drown.ts';
import { type Branch, branchesOf, serveBranches } from './cheats/gap-chains.ts';
import { GAP_CHEATS, type GapCheat } from './cheats/gap-cheats.ts';

/** Time between two cheats, and between the two branches of one, simulated ms. */
const PACE_MS = 1_500;
/** How long the town is watched after the last one, simulated ms. */
const WATCHED_MS = 120_000;
/** Time for which the halves of a town are apart, or a victim is down, simulated ms. */
const APART_MS = 10_000;

/** How gaps are tried. */
export interface GapOptions extends Omit<ChainTownOptions, 'agrees'> {
  /** Only kinds with such a name; default all. */
  readonly only?: ((name: string) => boolean) | undefined;
}

/** How one cheat ended. */
export interface GapEnd {
  readonly name: string;
  /**
   * `proven`: every node knows the proof. `refused`: whoever was to be deceived signed nothing, and was told why.
   * `hidden`: both victims signed, or nodes hold evidence of the fork between them, and not all of them know.
   */
  readonly how: 'proven' | 'refused' | 'hidden';
  /** From the showing of the second branch until then, simulated ms; of `hidden` how long the town was watched. */
  readonly ms: number;
  /** What came of the two proposals: `agreed`, or a code. */
  readonly answers: readonly string[];
}

interface Trial {
  readonly cheat: Cheat;
  readonly kind: GapCheat;
  readonly branches: readonly [Branch<TownNode>, Branch<TownNode>];
  readonly proven: Map<TownNode, number>;
  readonly answered: Map<string, { readonly how: string; readonly at: number }>;
  since: number;
}

/** What a run came to. */
export interface GapResult {
  readonly nodes: number;
  readonly cheats: number;
  /** Share of cheats that did not come through. */
  readonly detected: number;
  readonly proven: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  readonly ends: readonly GapEnd[];
  readonly wallSeconds: number;
  readonly traceHash: string;
  /** The cheats that came. */
  readonly labels: readonly string[];
}

/** Lets every kind of cheat hide a fork behind a gap, one after the other, each from two victims that are no neighbours. */
export async function runGap({ only, ...options }: GapOptions): Promise<GapResult> {
  const started = performance.now();
  const { nodes } = options;
  const town = await ChainTown.open({ ...options, agrees: true });
  const lab = new GapLab(town);
  for (const kind of GAP_CHEATS) if (only?.(kind.name) !== false) await lab.try(kind);
  await town.environment.advance(WATCHED_MS);
  const ends = await lab.ends();
  await town.stop();
  const times = ends.map(({ ms }) => ms);
  const at = (p: number): number => (times.length === 0 ? 0 : percentile(times, p));
  const count = (how: GapEnd['how']): number => ends.filter((end) => end.how === how).length;
  return {
    nodes,
    cheats: ends.length,
    detected: 1 - count('hidden') / Math.max(1, ends.length),
    proven: count('proven'),
    refused: count('refused'),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    lastMs: at(1),
    ends,
    wallSeconds: (performance.now() - started) / 1_000,
    traceHash: town.digest(),
    labels: town.plan.labels(),
  };
}

class GapLab {
  readonly #town: ChainTown;
  readonly #trials: Trial[] = [];

  constructor(town: ChainTown) {
    this.#town = town;
    const now = (): number => town.environment.now();
    town.on({
      onFraud: (node, author) => {
        const proven = this.#of(author)?.proven;
        if (proven?.has(node) === false) proven.set(node, now());
      },
      onAnswer: ({ proposal, how }) => {
        const answered = this.#of(proposal.core.key)?.answered;
        // A process that ended may have been refused what the next one agrees to.
        if (answered?.has(proposal.id.toString()) === false || how === 'agreed') {
          answered?.set(proposal.id.toString(), { how, at: now() });
        }
      },
    });
  }

  async try(kind: GapCheat): Promise<void> {
    const town = this.#town;
    const { environment } = town;
    const victims = this.#strangers();
    if (!town.plan.allows(kind.name)) return;
    const cheat = await Cheat.open(town, kind.name);
    cheat.padding = kind.padding ?? 0;
    const branches = await branchesOf(cheat, kind, victims);
    await serveBranches(cheat, kind, branches);
    const trial: Trial = {
      cheat,
      kind,
      branches,
      proven: new Map(),
      answered: new Map(),
      since: environment.now(),
    };
    this.#trials.push(trial);
    if (kind.between === 'partition') this.#part(trial, 0);
    const stop = kind.between === 'drown' ? await drown(town, cheat, victims) : () => undefined;
    this.#show(trial, 0);
    await environment.advance(PACE_MS);
    if (kind.between === 'restart-first') await town.restart(victims[0], APART_MS);
    if (kind.between === 'restart-second') await town.restart(victims[1], APART_MS);
    if (kind.between === 'partition') this.#part(trial, 1);
    trial.since = environment.now();
    this.#show(trial, 1);
    if (kind.between === 'gone') {
      await environment.advance(100);
      await cheat.stop();
    }
    if (kind.between === 'restart-second') {
      await environment.advance(50);
      await town.restart(victims[1], APART_MS);
      cheat.meet(victims[1]);
      this.#show(trial, 1);
    }
    await environment.advance(PACE_MS);
    if (kind.between === 'partition') {
      await environment.advance(APART_MS);
      town.networks.heal();
      town.networks.linkRandomly(8);
    }
    environment.schedule(60_000, stop);
  }

  async ends(): Promise<readonly GapEnd[]> {
    return Promise.all(this.#trials.map((trial) => this.#endOf(trial)));
  }

  async #endOf({ kind, cheat, branches, proven, answered, since }: Trial): Promise<GapEnd> {
    const { nodes } = this.#town;
    const answers = branches.map(({ blocks }) => answered.get(blocks.at(-1)?.id.toString() ?? ''));
    const told = answers.map((answer) => answer?.how ?? 'unanswered');
    const base = { name: kind.name, answers: told };
    if (proven.size === nodes.length) {
      return { ...base, how: 'proven', ms: Math.max(0, Math.max(...proven.values()) - since) };
    }
    const refusals = answers.filter((answer) => answer !== undefined && answer.how !== 'agreed');
    const agreed = told.filter((how) => how === 'agreed').length;
    const isHeld = proven.size > 0 || (await this.#isHeldTogether(cheat.key));
    if (agreed === 2 || isHeld || refusals.length === 0) {
      return { ...base, how: 'hidden', ms: WATCHED_MS };
    }
    return {
      ...base,
      how: 'refused',
      ms: Math.max(0, ...refusals.map((answer) => (answer?.at ?? 0) - since)),
    };
  }

  /** Whether nodes have two blocks of one position between them. */
  async #isHeldTogether(key: PublicKey): Promise<boolean> {
    const held = new Map<number, HalfBlock>();
    for (const { store } of this.#town.nodes) {
      for (const block of await store.range(key, 1, Number.MAX_SAFE_INTEGER, 10_000)) {
        const other = held.get(block.core.seq);
        if (other !== undefined && !equalBytes(other.id.bytes, block.id.bytes)) return true;
        held.set(block.core.seq, block);
      }
    }
    return false;
  }

  /** Not waited for: a victim that asks back is answered while the push is open. */
  #show({ cheat, kind, branches }: Trial, which: 0 | 1): void {
    const { victim, blocks } = branches[which];
    cheat.meet(victim);
    void cheat.push(victim, kind.shown[which] === 'all' ? blocks : blocks.slice(-1));
  }

  /** Two nodes without a common neighbour, so far as the town has such. */
  #strangers(): readonly [TownNode, TownNode] {
    const { nodes, random } = this.#town;
    const draw = (): TownNode => nodes[random.below(nodes.length)] as TownNode;
    for (let tries = 0; ; tries++) {
      const [a, b] = [draw(), draw()];
      if (a === b) continue;
      const near = [...b.network.peers(), b.signer.publicKey];
      const isNear = [...a.network.peers(), a.signer.publicKey].some((key) =>
        near.some((other) => equalBytes(key, other)),
      );
      if (!isNear || tries > 200) return [a, b];
    }
  }

  /** Cuts the town in two halves, a victim in each; the cheat is where it shows its branch. */
  #part({ cheat, branches: [first, second] }: Trial, which: 0 | 1): void {
    const keysOf = (nodes: readonly TownNode[]): readonly PublicKey[] =>
      nodes.map(({ signer }) => signer.publicKey);
    const left = this.#town.nodes.filter(
      (node, index) => node === first.victim || (node !== second.victim && index % 2 === 0),
    );
    const right = this.#town.nodes.filter((node) => !left.includes(node));
    const [near, far] = [keysOf(left), keysOf(right)];
    this.#town.networks.partition(
      which === 0 ? [...near, cheat.key] : near,
      which === 1 ? [...far, cheat.key] : far,
    );
  }

  #of(author: PublicKey): Trial | undefined {
    return this.#trials.find(({ cheat }) => equalBytes(cheat.key, author));
  }
}
