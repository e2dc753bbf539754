import type { Scenario } from '../lib/scenario.ts';
import { libp2pStar } from './star/libp2p-star.ts';
import { simulatedStar } from './star/simulated-star.ts';
import { runStar } from './star/star.ts';

/** Time until all leaves of a star of 100 know a head, ms (DESIGN §8). */
const ALL_MS = 1_000;
/** Leaves that this holds for. */
const LEAVES = 100;

/** A community of homes around one reachable node: when does everybody know a leaf's head, and at what price? */
export const star: Scenario = {
  name: 'star',
  faults: [],
  async run({ seed, leaves, real }) {
    const net = await (real ? libp2pStar(seed, leaves) : simulatedStar(seed, leaves));
    const result = await runStar(net, seed);
    await net.stop();
    process.stdout.write(`${JSON.stringify({ scenario: 'star', seed, ...result })}\n`);
    const isMet = result.reached === leaves + 1 && (leaves > LEAVES || result.allMs <= ALL_MS);
    if (!isMet) process.stderr.write(`budget: all of them, up to ${LEAVES} leaves within ${ALL_MS} ms\n`);
    return isMet ? 0 : 1;
  },
};
