import { nodeCrypto } from '../../packages/interface/src/crypto/node.ts';
import { seededRandom, softwareSigner, type Trustchain } from '../../packages/interface/src/index.ts';
import { createTrustchain, memoryBlockStore } from '../../packages/trustchain/src/index.ts';
import { libp2pStar } from '../../sim/chain/star/libp2p-star.ts';
import { simulatedStar } from '../../sim/chain/star/simulated-star.ts';
import type { NetShape, StarNet } from '../../sim/chain/star/star-net.ts';
import { percentile, type Report } from '../harness.ts';

/** A network to measure. */
interface Case {
  readonly kind: 'libp2p' | 'simulated';
  readonly shape: NetShape;
  readonly nodes: number;
  /** Blocks that are announced, each by a drawn node. */
  readonly blocks: number;
}

const SEED = 7;
/** Longest wait for a block to be everywhere, ms. Whoever has not heard of it then counts as this. */
const LIMIT_MS = 20_000;
/** Between two blocks, and for connections to settle, ms. */
const PAUSE_MS = 1_000;
const SETTLE_MS = 5_000;

const CASES: readonly Case[] = [
  { kind: 'libp2p', shape: 'star', nodes: 100, blocks: 20 },
  { kind: 'libp2p', shape: 'line', nodes: 20, blocks: 20 },
  { kind: 'libp2p', shape: 'random', nodes: 100, blocks: 10 },
  { kind: 'simulated', shape: 'star', nodes: 100, blocks: 20 },
  { kind: 'simulated', shape: 'line', nodes: 20, blocks: 20 },
  { kind: 'simulated', shape: 'random', nodes: 100, blocks: 20 },
  { kind: 'simulated', shape: 'star', nodes: 1_000, blocks: 5 },
  { kind: 'simulated', shape: 'random', nodes: 1_000, blocks: 5 },
];

/**
 * How long a new block takes to every other node, and what it costs a node in bytes, sent and received. Times of real
 * nodes are those of this machine, on which all of them share a process; times of simulated ones are of links of 20 ms.
 */
export async function gossip(report: Report): Promise<void> {
  for (const each of CASES) await measure(each, report);
}

async function measure({ kind, shape, nodes, blocks }: Case, report: Report): Promise<void> {
  const net = await (kind === 'libp2p' ? libp2pStar : simulatedStar)(SEED, nodes - 1, shape);
  const { environment } = net;
  const crypto = nodeCrypto({ threads: false });
  const random = seededRandom(SEED).fork('blocks');
  const heard = new Map<string, number[]>();
  const chains: Trustchain[] = [];
  for (const { secretKey, network } of net.nodes) {
    const signer = softwareSigner({ crypto, secretKey });
    const chain = await createTrustchain({ signer, crypto, store: memoryBlockStore(), network, environment });
    chain.on((event) => {
      if (event.type === 'block' && !event.own) heard.get(event.block.id.toString())?.push(environment.now());
    });
    chains.push(chain);
  }
  await net.run(net.connect());
  await net.pass(SETTLE_MS);
  const idle = await bytesIn(net, () => net.pass(5 * PAUSE_MS));
  const times: number[] = [];
  const busy = await bytesIn(net, async () => {
    for (let n = 0; n < blocks; n++) {
      const chain = chains[random.below(chains.length)];
      if (chain === undefined) continue;
      const arrivals: number[] = [];
      const since = environment.now();
      const making = chain.source({ type: 'reading', tx: { n } });
      const noted = making.then((block) => {
        heard.set(block.id.toString(), arrivals);
        return block;
      });
      const { id } = await net.run(noted);
      await net.pass(LIMIT_MS, () => arrivals.length >= nodes - 1);
      for (let node = 0; node < nodes - 1; node++) times.push((arrivals[node] ?? since + LIMIT_MS) - since);
      heard.delete(id.toString());
      await net.pass(PAUSE_MS);
    }
  });
  for (const chain of chains) await net.run(chain.stop());
  await net.stop();
  const name = `${kind}-${shape}-${nodes}`;
  report({ metric: `${name}-block-p50`, unit: 'ms', value: percentile(times, 0.5) });
  report({ metric: `${name}-block-p99`, unit: 'ms', value: percentile(times, 0.99) });
  const bytes = busy.bytes - (idle.bytes * busy.ms) / idle.ms;
  report({
    metric: `${name}-bytes-per-block-and-node`,
    unit: 'B',
    value: Math.max(0, Math.round(bytes / blocks / nodes)),
  });
}

/** Bytes that all nodes sent and received during a task, and how long it took on the clock of the network. */
async function bytesIn(
  net: StarNet,
  task: () => Promise<void>,
): Promise<{ readonly bytes: number; readonly ms: number }> {
  const total = (): number => net.traffic().hub + net.traffic().leaves;
  const [before, since] = [total(), net.environment.now()];
  await task();
  return { bytes: total() - before, ms: Math.max(1, net.environment.now() - since) };
}
