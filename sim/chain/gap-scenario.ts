import type { Scenario } from '../lib/scenario.ts';
import { runGap } from './gap.ts';

const NODES = 1_000;
/** Simulated time until a fork behind a gap is known, or refused, ms (DESIGN §8). */
const P99_MS = 60_000;

/** Cheats hide a fork behind a gap in every way that is known: do they come through? */
export const gap: Scenario = {
  name: 'gap',
  faults: [],
  async run({ seed, nodes = NODES, trace }) {
    const print = trace === undefined ? undefined : (line: string) => void process.stdout.write(`${line}\n`);
    const { ends, ...result } = await runGap({ seed: trace ?? seed, nodes, print });
    for (const { name, how, ms, answers } of ends) {
      process.stderr.write(`${name}: ${how} after ${ms} ms (${answers.join(', ')})\n`);
    }
    process.stdout.write(`${JSON.stringify({ scenario: 'gap', seed: trace ?? seed, ...result })}\n`);
    const isMet = result.detected === 1 && result.p99Ms <= P99_MS;
    if (!isMet) process.stderr.write(`budget: all detected, p99 ${P99_MS} ms\n`);
    return isMet ? 0 : 1;
  },
};
