import {
  type PublicKey,
  publicKey,
  type SeededRandom,
  seededRandom,
} from '../../packages/interface/src/index.ts';
import {
  createDealGraph,
  type DealGraph,
  exposureLedger,
  meritRank,
  netFlow,
} from '../../packages/trustchain/src/trust.ts';

/** How an attacker arranges the agents that it makes up. */
export const SHAPES = ['fan', 'ring', 'chain', 'washing', 'apart'] as const;
/** One of {@link SHAPES}. */
export type Shape = (typeof SHAPES)[number];

/** Honest agents and deals around the attacker. */
const HONEST = 300;
const DEALS = 3_000;
/** What one deal of made-up agents is worth: more than all honest ones together. */
const MADE_UP = 1_000_000n;
/** Made-up agents whose own scores are looked at, evenly among all: what is at risk with all of them is measured for all. */
const SAMPLED = 100;
/** What the attacker really sold, to agents near the evaluator. */
const REAL_SALES = 6;

/** What made-up agents got an attacker, as one evaluator sees it. */
export interface Gain {
  readonly shape: Shape;
  readonly identities: number;
  /** NetFlow: most that may be at risk with the attacker and all of its agents at once, minor units, before and after. */
  readonly exposureBefore: number;
  readonly exposureAfter: number;
  /** NetFlow: the best score of one made-up agent, of up to a hundred. */
  readonly bestScore: number;
  /** MeritRank: walks that come to the attacker before, and to it and its agents, added up, after. */
  readonly hitsBefore: number;
  readonly hitsAfter: number;
  /** MeritRank: the best hits of one made-up agent. */
  readonly bestHits: number;
  /** Honest agents whose NetFlow score changed. */
  readonly honestChanged: number;
}

interface Town {
  readonly graph: DealGraph;
  readonly honest: readonly PublicKey[];
  readonly attacker: PublicKey;
}

/** A town of honest agents and one attacker that really sold a little. */
function town(random: SeededRandom): Town {
  const graph = createDealGraph();
  const honest = Array.from({ length: HONEST }, () => publicKey(random.bytes(32)));
  const attacker = publicKey(random.bytes(32));
  const one = (): PublicKey => honest[random.below(HONEST)] as PublicKey;
  for (let i = 0; i < DEALS; i++) {
    graph.add({ seller: one(), buyer: one(), amount: BigInt(1 + random.below(1_000)) });
  }
  for (let i = 0; i < REAL_SALES; i++) {
    graph.add({ seller: attacker, buyer: honest[i] as PublicKey, amount: BigInt(1 + random.below(1_000)) });
  }
  return { graph, honest, attacker };
}

/** Adds made-up agents and their deals in a shape. */
function attack(
  { graph, attacker }: Town,
  shape: Shape,
  identities: number,
  random: SeededRandom,
): PublicKey[] {
  const made = Array.from({ length: identities }, () => publicKey(random.bytes(32)));
  const add = (seller: PublicKey, buyer: PublicKey): void => graph.add({ seller, buyer, amount: MADE_UP });
  for (const [i, agent] of made.entries()) {
    const next = made[(i + 1) % identities] as PublicKey;
    if (shape !== 'chain' && shape !== 'apart') add(agent, attacker);
    if (shape === 'chain') add(agent, i === 0 ? attacker : (made[i - 1] as PublicKey));
    if (shape === 'ring') add(agent, next);
    if (shape === 'washing' || shape === 'apart') {
      add(agent, next);
      add(next, agent);
      add(agent, made[random.below(identities)] as PublicKey);
    }
    if (shape === 'washing') add(attacker, agent);
  }
  return made;
}

/** What all of `agents` are good for at once. */
function jointExposure(graph: DealGraph, evaluator: PublicKey, agents: readonly PublicKey[]): number {
  const ledger = exposureLedger(netFlow(graph, { evaluator }));
  for (const [i, agent] of agents.entries()) ledger.charge(String(i), agent, MADE_UP * MADE_UP);
  return Number(ledger.headroom(agents[0] as PublicKey).covered);
}

/** Lets one attacker make up agents in a shape, and measures what that got it. */
export function measureGain(seed: number, shape: Shape, identities: number): Gain {
  const random = seededRandom(seed);
  const place = town(random);
  const { graph, honest, attacker } = place;
  const evaluator = honest[0] as PublicKey;
  const flow = netFlow(graph, { evaluator });
  const rank = meritRank(graph, { evaluator, seed });
  const scores = honest.map((agent) => flow.score(agent).score);
  const exposureBefore = jointExposure(graph, evaluator, [attacker]);
  const hitsBefore = rank.hits(attacker);
  const made = attack(place, shape, identities, random);
  const apart = Math.ceil(identities / SAMPLED);
  const sampled = made.filter((_, i) => i % apart === 0);
  return {
    shape,
    identities,
    exposureBefore,
    exposureAfter: jointExposure(graph, evaluator, [attacker, ...made]),
    bestScore: best(sampled, (agent) => Number(flow.score(agent).score)),
    hitsBefore,
    hitsAfter: made.reduce((sum, agent) => sum + rank.hits(agent), rank.hits(attacker)),
    bestHits: best(made, (agent) => rank.hits(agent)),
    honestChanged: honest.filter((agent, i) => flow.score(agent).score !== scores[i]).length,
  };
}

function best(agents: readonly PublicKey[], of: (agent: PublicKey) => number): number {
  return agents.reduce((most, agent) => Math.max(most, of(agent)), 0);
}
