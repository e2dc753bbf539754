import { Plan } from '../lib/plan.ts';
import type { Scenario } from '../lib/scenario.ts';
import { printShort, type Shortenable } from '../lib/shorten.ts';
import { libp2pStar } from './star/libp2p-star.ts';
import { simulatedStar } from './star/simulated-star.ts';
import { runStar, type StarResult } from './star/star.ts';
import type { StarNet } from './star/star-net.ts';

/** Time until all leaves of a star of 100 know a head, ms (DESIGN §8). */
const ALL_MS = 1_000;
/** Leaves that this holds for. */
const LEAVES = 100;
const MIN_LEAVES = 4;

/** A community of homes around one reachable node: when does everybody know a leaf's head, and at what price? */
export const star: Scenario = {
  name: 'star',
  faults: [],
  async run({ seed, leaves, real, shrink, json }) {
    if (shrink !== undefined) return printShort('star', shrink, shortStar(shrink, leaves), json);
    const net = await (real ? libp2pStar(seed, leaves) : simulatedStar(seed, leaves));
    const result = await runStar(net, seed);
    await net.stop();
    process.stdout.write(`${JSON.stringify({ scenario: 'star', seed, ...result })}\n`);
    const isMet = brokenBy(result).length === 0;
    if (!isMet) process.stderr.write(`budget: all of them, up to ${LEAVES} leaves within ${ALL_MS} ms\n`);
    return isMet ? 0 : 1;
  },
};

/** A simulated star to be made short: fewer leaves, fewer heads. `planted`: a bug of the net. */
export function shortStar(
  seed: number,
  leaves: number,
  planted: (net: StarNet) => StarNet = (net) => net,
): Shortenable {
  return {
    size: leaves,
    minSize: MIN_LEAVES,
    async run(size, within, print) {
      const plan = new Plan(within);
      const result = await runStar(planted(await simulatedStar(seed, size)), seed, plan);
      print?.(JSON.stringify(result));
      return { broken: brokenBy(result), labels: plan.labels() };
    },
  };
}

function brokenBy({ reached, leaves, allMs }: StarResult): readonly string[] {
  if (reached < leaves + 1) return ['head-unknown'];
  return leaves > LEAVES || allMs <= ALL_MS ? [] : ['head-late'];
}
