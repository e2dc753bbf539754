import { spawnSync } from 'node:child_process';
import { publicKey, publicKeyToHex, seededRandom } from '../packages/interface/src/index.ts';
import {
  type CompletedDeal,
  createDealGraph,
  type DealGraph,
  explainScore,
  meritRank,
  netFlow,
} from '../packages/trustchain/src/trust.ts';
import { type Bench, medianOf, type Report } from './harness.ts';

/** Evaluators whose scores are computed, so that one lucky or unlucky place does not decide. */
const EVALUATORS = 25;

interface Town {
  readonly keys: readonly CompletedDeal['seller'][];
  readonly deals: readonly CompletedDeal[];
}

/** Deals between agents drawn evenly, 1 … 1 000 units each. */
function town(agents: number, deals: number, seed: number): Town {
  const random = seededRandom(seed);
  const draw = (most: number): number => {
    const word = random.bytes(4);
    return (new DataView(word.buffer, word.byteOffset).getUint32(0) / 2 ** 32) * most;
  };
  const keys = Array.from({ length: agents }, () => publicKey(random.bytes(32)));
  const one = (): CompletedDeal['seller'] => keys[Math.floor(draw(agents))] as CompletedDeal['seller'];
  return {
    keys,
    deals: Array.from({ length: deals }, () => ({
      seller: one(),
      buyer: one(),
      amount: BigInt(1 + Math.floor(draw(1_000))),
    })),
  };
}

function graphOf({ deals }: Town): DealGraph {
  const graph = createDealGraph();
  for (const deal of deals) graph.add(deal);
  return graph;
}

/** Processor time of `task`, ms: other programs on the machine do not count. */
function cpuMs(task: () => unknown): number {
  const before = process.cpuUsage();
  task();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** The floor: the edges' typed arrays read once for each of `agents`. */
function readEdges(edges: number, agents: number): number {
  const ends = Int32Array.from({ length: edges }, (_, i) => (i * 7919) % agents);
  const amounts = Float64Array.from(ends);
  const sums = new Float64Array(agents);
  return cpuMs(() => {
    for (let agent = 0; agent < agents; agent++) {
      for (let edge = 0; edge < edges; edge++) {
        const end = ends[edge] as number;
        sums[end] = (sums[end] as number) + (amounts[edge] as number);
      }
    }
  });
}

/** DESIGN §8: 300 agents, 3 000 deals. */
async function small(report: Report): Promise<void> {
  const { keys, deals } = town(300, 3_000, 1);
  const graph = graphOf({ keys, deals });
  const all: number[] = [];
  const floors: number[] = [];
  const ratios: number[] = [];
  const updates: number[] = [];
  const ranks: number[] = [];
  const rankUpdates: number[] = [];
  for (let i = 0; i < EVALUATORS; i++) {
    const evaluator = keys[i] as CompletedDeal['seller'];
    const view = netFlow(graph, { evaluator });
    const value = cpuMs(() => view.all());
    const floor = readEdges(graph.edges, keys.length);
    all.push(value);
    floors.push(floor);
    ratios.push(value / floor);
    const merit = meritRank(graph, { evaluator });
    ranks.push(cpuMs(() => merit.all()));
    for (const deal of deals.slice(4 * i, 4 * i + 4)) {
      graph.add(deal);
      updates.push(cpuMs(() => view.score(deal.seller)));
      rankUpdates.push(cpuMs(() => merit.hits(deal.seller)));
    }
  }
  const peer = peerMs({ keys, deals });
  report({
    metric: 'net-flow-300-agents-all',
    unit: 'ms',
    value: medianOf(all),
    floor: medianOf(floors),
    ratio: medianOf(ratios),
    ...(peer === undefined ? {} : { peer: 'trustchain-py 2.2.0', peerValue: peer }),
  });
  report({ metric: 'net-flow-300-agents-deal-and-score', unit: 'ms', value: medianOf(updates) });
  report({ metric: 'merit-rank-300-agents-all', unit: 'ms', value: medianOf(ranks) });
  report({ metric: 'merit-rank-300-agents-deal-and-rank', unit: 'ms', value: medianOf(rankUpdates) });
}

/** 10⁴ agents, 10⁵ deals: one counterparty's score when it comes, nothing known before. */
async function middle(report: Report): Promise<void> {
  const { keys, deals } = town(10_000, 100_000, 2);
  const graph = graphOf({ keys, deals });
  const floor = readEdges(graph.edges, 1);
  const cold: number[] = [];
  const warm: number[] = [];
  const updates: number[] = [];
  const explained: number[] = [];
  const ranks: number[] = [];
  for (let i = 0; i < EVALUATORS; i++) {
    const evaluator = keys[i] as CompletedDeal['seller'];
    const view = netFlow(graph, { evaluator });
    const deal = deals[i] as CompletedDeal;
    cold.push(cpuMs(() => view.score(deal.seller)));
    warm.push(cpuMs(() => view.score(deal.buyer)));
    graph.add(deal);
    updates.push(cpuMs(() => view.score(deal.seller)));
    explained.push(cpuMs(() => explainScore(view, deal.buyer)));
    ranks.push(cpuMs(() => meritRank(graph, { evaluator }).all()));
  }
  report({ metric: 'net-flow-10k-agents-first-score', unit: 'ms', value: medianOf(cold), floor });
  report({ metric: 'net-flow-10k-agents-further-score', unit: 'ms', value: medianOf(warm), floor });
  report({ metric: 'net-flow-10k-agents-deal-and-score', unit: 'ms', value: medianOf(updates), floor });
  report({ metric: 'net-flow-10k-agents-explanation', unit: 'ms', value: medianOf(explained), floor });
  report({ metric: 'merit-rank-10k-agents-all', unit: 'ms', value: medianOf(ranks), floor });
}

/** 10⁶ agents, 5·10⁶ deals: a bounded neighbourhood of them. */
async function large(report: Report): Promise<void> {
  const { keys, deals } = town(1_000_000, 5_000_000, 3);
  const heldBefore = process.memoryUsage().arrayBuffers;
  let graph = createDealGraph();
  const filling = cpuMs(() => {
    graph = graphOf({ keys, deals });
  });
  const held = process.memoryUsage().arrayBuffers;
  report({ metric: 'graph-1m-agents-fill', unit: 'deals/s', value: (deals.length * 1_000) / filling });
  report({ metric: 'graph-1m-agents-memory', unit: 'MB', value: (held - heldBefore) / 1e6 });
  const cold: number[] = [];
  const warm: number[] = [];
  const ranks: number[] = [];
  for (let i = 0; i < 7; i++) {
    const evaluator = keys[i] as CompletedDeal['seller'];
    const view = netFlow(graph, { evaluator });
    cold.push(cpuMs(() => view.score(keys[10 + i] as CompletedDeal['seller'])));
    const best = view.score(keys[20 + i] as CompletedDeal['seller']);
    if (best.truncated === null) throw new Error('a million agents were expected to be too many');
    warm.push(cpuMs(() => view.score(keys[30 + i] as CompletedDeal['seller'])));
    ranks.push(cpuMs(() => meritRank(graph, { evaluator }).all()));
  }
  const floor = readEdges(262_144, 1);
  report({ metric: 'net-flow-1m-agents-first-score', unit: 'ms', value: medianOf(cold), floor });
  report({ metric: 'net-flow-1m-agents-further-score', unit: 'ms', value: medianOf(warm), floor });
  report({ metric: 'merit-rank-1m-agents-all', unit: 'ms', value: medianOf(ranks), floor });
  report({
    metric: 'net-flow-1m-agents-memory',
    unit: 'MB',
    value: heldBy(() => {
      const view = netFlow(graph, { evaluator: keys[0] as CompletedDeal['seller'] });
      view.score(keys[1] as CompletedDeal['seller']);
      return view;
    }),
  });
  report({
    metric: 'merit-rank-1m-agents-memory',
    unit: 'MB',
    value: heldBy(() => {
      const ranks = meritRank(graph, { evaluator: keys[0] as CompletedDeal['seller'] });
      ranks.all();
      return ranks;
    }),
  });
}

/** Typed arrays that `make`'s result came with, MB; what it let go on the way counts too unless it was collected. */
function heldBy(make: () => unknown): number {
  const before = process.memoryUsage().arrayBuffers;
  const made = make();
  const held = process.memoryUsage().arrayBuffers - before;
  if (made === undefined) throw new Error('nothing was made');
  return Math.max(0, held) / 1e6;
}

/** All scores of the same deals by trustchain-py, processor ms; undefined where `EDMP_BENCH_PYTHON` (or python3) has no such package. */
function peerMs({ keys, deals }: Town): number | undefined {
  const hex = new Map(keys.map((key) => [key, publicKeyToHex(key)]));
  const input = JSON.stringify({
    seed: hex.get(keys[0] as CompletedDeal['seller']),
    deals: deals.map(({ seller, buyer }) => [hex.get(seller), hex.get(buyer)]),
  });
  const python = process.env.EDMP_BENCH_PYTHON ?? 'python3';
  const { status, stdout } = spawnSync(python, ['-c', PEER], { input, encoding: 'utf8', timeout: 120_000 });
  const value = Number(stdout);
  if (status === 0 && value > 0) return value;
  process.stderr.write(
    'trustchain-py is not installed: pip install trustchain-py==2.2.0, EDMP_BENCH_PYTHON=…/python\n',
  );
  return undefined;
}

/** Its store only hands out chains: what is timed is its graph and its flows. A deal is a half block in each chain. */
const PEER = `
import json, sys, time
from types import SimpleNamespace
from trustchain.netflow import NetFlowTrust
given = json.load(sys.stdin)
chains = {}
for seller, buyer in given['deals']:
    chains.setdefault(seller, []).append(SimpleNamespace(public_key=seller, link_public_key=buyer))
    chains.setdefault(buyer, []).append(SimpleNamespace(public_key=buyer, link_public_key=seller))
store = SimpleNamespace(
    get_all_pubkeys=lambda: list(chains),
    get_chain=lambda key: chains.get(key, []),
    get_block_count=lambda: 2 * len(given['deals']))
trust = NetFlowTrust(store, [given['seed']])
start = time.process_time()
scores = trust.compute_all_scores()
assert len(scores) > 1
print((time.process_time() - start) * 1000)
`;

/** Trust scores (DESIGN §8), in processor time. */
export const bench: Bench = {
  name: 'trust',
  async run(report) {
    await small(report);
    await middle(report);
    await large(report);
  },
  parts: { small, middle, large },
};
