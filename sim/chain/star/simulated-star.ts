import {
  type PublicKey,
  publicKeyToHex,
  seededRandom,
  virtualEnvironment,
} from '../../../packages/interface/src/index.ts';
import { longTailLatency, simulatedNetworks } from '../../../packages/trustchain/src/simulated.ts';
import { sharedCrypto } from '../../lib/crypto.ts';
import { type NetShape, pairsOf, type StarNet, type StarNode } from './star-net.ts';

const STEP_MS = 5;
/** From a home to a server of its region: 20 ms, and a lost packet now and then. */
const LATENCY = longTailLatency({ medianMs: 20, maxMs: 300 });

/** A star, or another shape, on the simulated network, where every node passes a message on to all its peers that follow the topic. */
export async function simulatedStar(
  seed: number,
  leaves: number,
  shape: NetShape = 'star',
): Promise<StarNet> {
  const environment = virtualEnvironment({ seed });
  const crypto = sharedCrypto();
  const random = seededRandom(seed).fork('star');
  const sent = new Map<string, number>();
  const add = (key: PublicKey | undefined, bytes: number): void => {
    if (key === undefined) return;
    const hex = publicKeyToHex(key);
    sent.set(hex, (sent.get(hex) ?? 0) + bytes);
  };
  const networks = simulatedNetworks({
    environment,
    seed,
    latency: LATENCY,
    onEvent({ type, from, to, bytes = 0 }) {
      if (type !== 'frame' && type !== 'deliver') return;
      add(from, bytes);
      add(to, bytes);
    },
  });
  const nodes: StarNode[] = [];
  for (let n = 0; n <= leaves; n++) {
    const secretKey = random.bytes(32);
    const network = networks.create({ self: crypto.ed25519PublicKey(secretKey) });
    await network.start();
    nodes.push({ secretKey, network });
  }
  const [hub] = nodes;
  if (hub === undefined) throw new Error('a star has a hub');
  return {
    name: 'simulated',
    environment,
    nodes,
    async pass(ms, isOver) {
      const end = environment.now() + ms;
      while (environment.now() < end && isOver?.() !== true) {
        await environment.advance(isOver === undefined ? ms : STEP_MS);
      }
    },
    run: (work) => environment.run(work),
    async connect() {
      for (const [from, to] of pairsOf(shape, nodes.length, random)) {
        const [a, b] = [nodes[from], nodes[to]];
        if (a !== undefined && b !== undefined) networks.link(b.network.self, a.network.self);
      }
    },
    traffic() {
      const all = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0);
      const ofHub = sent.get(publicKeyToHex(hub.network.self)) ?? 0;
      return { hub: ofHub, leaves: all - ofHub };
    },
    stop: async () => undefined,
  };
}
