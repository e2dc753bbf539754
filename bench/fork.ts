import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { encodeCanonical } from '../packages/interface/src/format/index.ts';
import {
  type HalfBlock,
  type PublicKey,
  publicKeyToHex,
  type Signer,
  seededRandom,
  singleFrame,
  softwareSigner,
  virtualEnvironment,
} from '../packages/interface/src/index.ts';
import { signHalfBlock } from '../packages/trustchain/src/block.ts';
import { createTrustchain, memoryBlockStore } from '../packages/trustchain/src/index.ts';
import { PUSH_PROTOCOL } from '../packages/trustchain/src/protocol.ts';
import { simulatedNetworks } from '../packages/trustchain/src/simulated.ts';
import { type Bench, percentile } from './harness.ts';

const NODES = 1_000;
/** Connections of a node on average. */
const DEGREE = 8;
const FORKS = 30;
/** How long the nodes are watched after each fork, simulated ms. Who knows nothing by then counts as this. */
const WATCHED_MS = 30_000;
/** Step in which the watch ends early, when everybody knows, simulated ms. */
const STEP_MS = 1_000;

const crypto = nodeCrypto({ threads: false });
const random = seededRandom(1);
const signerOf = (): Signer => softwareSigner({ crypto, secretKey: random.bytes(32) });

/** A proposal at the first position of a cheat's chain. */
function proposalOf(cheat: Signer, peer: PublicKey, time: number): Promise<HalfBlock> {
  const core = {
    v: 1,
    key: cheat.publicKey,
    seq: 1,
    prev: null,
    peer,
    link: null,
    type: 'payment',
    tx: { amount: 100 },
    time,
  } as const;
  return signHalfBlock(core, cheat, crypto);
}

/** Lets cheats show two branches by push, each to one of two random nodes, and waits for everybody to know. */
async function run(report: Parameters<Bench['run']>[0]): Promise<void> {
  const started = performance.now();
  const environment = virtualEnvironment({ seed: 1 });
  const networks = simulatedNetworks({ environment, seed: 1 });
  /** By cheat: when each node first knew. */
  const learned = new Map<string, Map<number, number>>();
  const keys: PublicKey[] = [];
  for (let n = 0; n < NODES; n++) {
    const signer = signerOf();
    const network = networks.create({ self: signer.publicKey });
    await network.start();
    const store = memoryBlockStore();
    const chain = await createTrustchain({ signer, crypto, store, network, environment });
    chain.on((event) => {
      if (event.type !== 'fraud') return;
      const times = learned.get(publicKeyToHex(event.author));
      if (times?.has(n) === false) times.set(n, environment.now());
    });
    keys.push(signer.publicKey);
  }
  networks.linkRandomly(DEGREE);
  await environment.advance(5_000);
  const ready = performance.now();

  const seconds: number[] = [];
  for (let n = 0; n < FORKS; n++) {
    const first = random.below(NODES);
    const second = (first + 1 + random.below(NODES - 1)) % NODES;
    const cheat = signerOf();
    const network = networks.create({ self: cheat.publicKey });
    await network.start();
    const victims = [first, second].map((index) => keys[index]).filter((key) => key !== undefined);
    const times = new Map<number, number>();
    learned.set(publicKeyToHex(cheat.publicKey), times);
    const since = environment.now();
    for (const victim of victims) networks.link(cheat.publicKey, victim);
    const pushes = victims.map(async (victim) => {
      const branch = await proposalOf(cheat, victim, since);
      await singleFrame(network.request(victim, PUSH_PROTOCOL, encodeCanonical([branch.bytes])));
    });
    await environment.run(Promise.all(pushes));
    while (times.size < NODES && environment.now() - since < WATCHED_MS) await environment.advance(STEP_MS);
    for (let node = 0; node < NODES; node++)
      seconds.push(((times.get(node) ?? since + WATCHED_MS) - since) / 1_000);
    await network.stop();
  }
  report({ metric: 'fork-detected-p99', value: percentile(seconds, 0.99), unit: 's' });
  report({ metric: 'fork-detected-p50', value: percentile(seconds, 0.5), unit: 's' });
  report({ metric: 'fork-detected-last', value: percentile(seconds, 1), unit: 's' });
  report({ metric: 'fork-wall-time', value: (performance.now() - ready) / FORKS / 1_000, unit: 's' });
  report({ metric: 'fork-town-wall-time', value: (ready - started) / 1_000, unit: 's' });
}

/** `pnpm bench fork`: simulated time until 1 000 nodes know of a fork whose branches were pushed to one node each. */
export const bench: Bench = { name: 'fork', run };
