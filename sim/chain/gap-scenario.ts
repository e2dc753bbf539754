import type { Scenario } from '../lib/scenario.ts';
import { printShort, type Shortenable } from '../lib/shorten.ts';
import { type GapOptions, type GapResult, runGap } from './gap.ts';

const NODES = 1_000;
/** Fewest nodes of a town that is made smaller: victims that are no neighbours of each other. */
const MIN_NODES = 12;
/** Simulated time until a fork behind a gap is known, or refused, ms (DESIGN §8). */
const P99_MS = 60_000;

/** Cheats hide a fork behind a gap in every way that is known: do they come through? */
export const gap: Scenario = {
  name: 'gap',
  faults: [],
  async run({ seed, nodes = NODES, trace, shrink, json }) {
    if (shrink !== undefined) return printShort('gap', shrink, shortGap({ seed: shrink, nodes }), json);
    const print = trace === undefined ? undefined : (line: string) => void process.stdout.write(`${line}\n`);
    const { ends, labels: _, ...result } = await runGap({ seed: trace ?? seed, nodes, print });
    for (const { name, how, ms, answers } of ends) {
      process.stderr.write(`${name}: ${how} after ${ms} ms (${answers.join(', ')})\n`);
    }
    process.stdout.write(`${JSON.stringify({ scenario: 'gap', seed: trace ?? seed, ...result })}\n`);
    const isMet = brokenBy(result).length === 0;
    if (!isMet) process.stderr.write(`budget: all detected, p99 ${P99_MS} ms\n`);
    return isMet ? 0 : 1;
  },
};

/** A run of gaps to be made short: fewer nodes, fewer cheats. */
export function shortGap(options: GapOptions): Shortenable {
  return {
    size: options.nodes,
    minSize: MIN_NODES,
    async run(nodes, within, print) {
      const result = await runGap({ ...options, nodes, within, print });
      return { broken: brokenBy(result), labels: result.labels };
    },
  };
}

function brokenBy({ detected, p99Ms }: Pick<GapResult, 'detected' | 'p99Ms'>): readonly string[] {
  if (detected < 1) return ['cheat-hidden'];
  return p99Ms <= P99_MS ? [] : ['cheat-told-late'];
}
