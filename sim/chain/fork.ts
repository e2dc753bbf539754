import { percentile } from '../../bench/harness.ts';
import { type PublicKey, publicKeyToHex } from '../../packages/interface/src/index.ts';
import { ChainTown, type ChainTownOptions, type TownNode } from './chain-town.ts';
import { Cheat } from './cheats/cheat.ts';

/** How long the nodes are watched after each fork, simulated ms. Who knows nothing by then counts as this. */
const WATCHED_MS = 30_000;
/** Step in which the watch ends early, when everybody knows, simulated ms. */
const STEP_MS = 1_000;

/** How forks are shown. */
export interface ForkOptions extends Omit<ChainTownOptions, 'agrees'> {
  readonly forks: number;
}

/** When nodes knew of the forks; times are of the simulation unless they say otherwise. */
export interface ForkResult {
  readonly nodes: number;
  readonly forks: number;
  /** Share of all pairs of a fork and a node in which the node knew before the watch ended. */
  readonly detected: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  /** Real seconds of the whole run, and of them until the town stood. */
  readonly wallSeconds: number;
  readonly townSeconds: number;
  /** SHA-256 over everything that happened. */
  readonly traceHash: string;
  /** The cheats that came. */
  readonly labels: readonly string[];
}

/** Lets cheats show two branches by push, each to one of two random nodes, and waits for everybody to know. */
export async function runFork({ forks, ...options }: ForkOptions): Promise<ForkResult> {
  const started = performance.now();
  const { nodes } = options;
  const town = await ChainTown.open(options);
  const ready = performance.now();
  const { environment } = town;
  const known = new Map<string, Map<TownNode, number>>();
  town.on({
    onFraud(node, author) {
      const times = known.get(publicKeyToHex(author));
      if (times?.has(node) === false) times.set(node, environment.now());
    },
  });
  const samples: number[] = [];
  let detected = 0;
  let shown = 0;
  for (let n = 0; n < forks; n++) {
    const victims = twoOf(town);
    if (!town.plan.allows(`cheat ${n}`)) continue;
    shown++;
    const cheat = await Cheat.open(town, `cheat ${n}`);
    const times = new Map<TownNode, number>();
    known.set(publicKeyToHex(cheat.key), times);
    const since = environment.now();
    for (const victim of victims) cheat.meet(victim);
    const show = async (victim: TownNode, to: PublicKey): Promise<void> =>
      cheat.push(victim, [await cheat.sign(null, to, 'branch')]);
    await environment.run(
      Promise.all(victims.map((victim) => show(victim, victim.signer.publicKey))),
      WATCHED_MS,
    );
    while (times.size < nodes && environment.now() - since < WATCHED_MS) await environment.advance(STEP_MS);
    detected += times.size;
    for (const node of town.nodes) samples.push((times.get(node) ?? since + WATCHED_MS) - since);
    await cheat.stop();
  }
  await town.stop();
  const at = (p: number): number => (samples.length === 0 ? 0 : percentile(samples, p));
  return {
    nodes,
    forks: shown,
    detected: shown === 0 ? 1 : detected / (shown * nodes),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    lastMs: at(1),
    wallSeconds: (performance.now() - started) / 1_000,
    townSeconds: (ready - started) / 1_000,
    traceHash: town.digest(),
    labels: town.plan.labels(),
  };
}

function twoOf({ nodes, random }: ChainTown): readonly TownNode[] {
  const first = random.below(nodes.length);
  const second = (first + 1 + random.below(nodes.length - 1)) % nodes.length;
  return [nodes[first], nodes[second]].filter((node) => node !== undefined);
}
