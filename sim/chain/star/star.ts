import { percentile } from '../../../bench/harness.ts';
import { nodeCrypto } from '../../../packages/interface/src/crypto/node.ts';
import { seededRandom, softwareSigner, type Trustchain } from '../../../packages/interface/src/index.ts';
import { createTrustchain, memoryBlockStore } from '../../../packages/trustchain/src/index.ts';
import { Plan } from '../../lib/plan.ts';
import type { StarNet, Traffic } from './star-net.ts';

/** Heads that are announced one after the other, each by a drawn leaf. */
const HEADS = 10;
/** Longest wait for a head to be known by all, ms. Whoever does not know it then counts as this. */
const LIMIT_MS = 10_000;
/** Pause between two heads: more than the interval in which gossip repeats itself, ms. */
const PAUSE_MS = 1_500;
/** Time in which connections settle and greetings end, ms. */
const SETTLE_MS = 5_000;

/** What a star came to; times and bytes are those of its network. */
export interface StarResult {
  readonly network: StarNet['name'];
  readonly leaves: number;
  readonly heads: number;
  /** Nodes that knew each head in the end, at least; all of them are `leaves` + 1. */
  readonly reached: number;
  /** Longest time until all nodes knew a head, ms, and the median one. */
  readonly allMs: number;
  readonly allP50Ms: number;
  /** Bytes for one head, sent and received, without those of an idle star: at the hub, and at one leaf on average. */
  readonly bytesPerHead: { readonly hub: number; readonly leaf: number };
  /** Bytes that an idle leaf sends and receives in a second. */
  readonly idleBytesPerSecond: number;
  readonly wallSeconds: number;
}

/** Lets leaves announce heads through the hub, and waits until everybody has each. `plan` may leave some out. */
export async function runStar(net: StarNet, seed: number, plan: Plan = new Plan()): Promise<StarResult> {
  const started = performance.now();
  const { environment } = net;
  const crypto = nodeCrypto({ threads: false });
  const random = seededRandom(seed).fork('heads');
  /** Nodes that have a block, by its id. */
  const known = new Map<string, Set<number>>();
  const chains: Trustchain[] = [];
  for (const [index, { secretKey, network }] of net.nodes.entries()) {
    const signer = softwareSigner({ crypto, secretKey });
    const chain = await createTrustchain({ signer, crypto, store: memoryBlockStore(), network, environment });
    chain.on((event) => {
      if (event.type !== 'block') return;
      const name = event.block.id.toString();
      known.set(name, (known.get(name) ?? new Set()).add(index));
    });
    chains.push(chain);
  }
  await net.connect();
  await net.pass(SETTLE_MS);
  const idle = await measured(net, () => net.pass(HEADS * PAUSE_MS));
  const times: number[] = [];
  let reached = net.nodes.length;
  const busy = await measured(net, async () => {
    for (let n = 0; n < HEADS; n++) {
      const chain = chains[1 + random.below(chains.length - 1)];
      if (chain === undefined || !plan.allows(`head ${n}`)) continue;
      const since = environment.now();
      const { id } = await net.run(chain.source({ type: 'reading', tx: { n } }));
      const knowing = (): number => known.get(id.toString())?.size ?? 0;
      await net.pass(LIMIT_MS, () => knowing() === net.nodes.length);
      times.push(environment.now() - since);
      reached = Math.min(reached, knowing());
      await net.pass(PAUSE_MS);
    }
  });
  for (const chain of chains) await net.run(chain.stop());
  const leaves = net.nodes.length - 1;
  const perHead = (part: keyof Traffic): number =>
    Math.max(0, busy.traffic[part] - (idle.traffic[part] * busy.ms) / idle.ms) / HEADS;
  return {
    network: net.name,
    leaves,
    heads: HEADS,
    reached,
    allMs: times.length === 0 ? 0 : percentile(times, 1),
    allP50Ms: times.length === 0 ? 0 : percentile(times, 0.5),
    bytesPerHead: { hub: Math.round(perHead('hub')), leaf: Math.round(perHead('leaves') / leaves) },
    idleBytesPerSecond: Math.round((idle.traffic.leaves * 1_000) / idle.ms / leaves),
    wallSeconds: (performance.now() - started) / 1_000,
  };
}

async function measured(
  net: StarNet,
  task: () => Promise<void>,
): Promise<{ readonly traffic: Traffic; readonly ms: number }> {
  const before = net.traffic();
  const since = net.environment.now();
  await task();
  const { hub, leaves } = net.traffic();
  return {
    traffic: { hub: hub - before.hub, leaves: leaves - before.leaves },
    ms: Math.max(1, net.environment.now() - since),
  };
}
