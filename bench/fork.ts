import { runFork } from '../sim/chain/fork.ts';
import type { Bench } from './harness.ts';

/** `pnpm bench fork`: simulated time until 1 000 nodes know of a fork whose branches were pushed to one node each. */
export const bench: Bench = {
  name: 'fork',
  async run(report) {
    const forks = 30;
    const { p50Ms, p99Ms, lastMs, wallSeconds, townSeconds } = await runFork({
      seed: 1,
      nodes: 1_000,
      forks,
    });
    report({ metric: 'fork-detected-p99', value: p99Ms / 1_000, unit: 's' });
    report({ metric: 'fork-detected-p50', value: p50Ms / 1_000, unit: 's' });
    report({ metric: 'fork-detected-last', value: lastMs / 1_000, unit: 's' });
    report({ metric: 'fork-wall-time', value: (wallSeconds - townSeconds) / forks, unit: 's' });
    report({ metric: 'fork-town-wall-time', value: townSeconds, unit: 's' });
  },
};
