import type { Scenario } from '../lib/scenario.ts';
import { printShort, type Shortenable } from '../lib/shorten.ts';
import { type ForkOptions, type ForkResult, runFork } from './fork.ts';

const NODES = 1_000;
const FORKS = 30;
/** Fewest nodes of a town that is made smaller: two victims, and somebody to tell. */
const MIN_NODES = 4;
/** Simulated time in which 99 of 100 nodes have to know of a fork, ms (DESIGN §8). */
const P99_MS = 5_000;
/** Real time of the run with {@link NODES} nodes on two cores, s. */
const WALL_SECONDS = 60;

/** Cheats show two branches, each to one node of a town: when does everybody know? */
export const fork: Scenario = {
  name: 'fork',
  faults: [],
  async run({ seed, nodes = NODES, trace, shrink, json }) {
    if (shrink !== undefined) {
      return printShort('fork', shrink, shortFork({ seed: shrink, nodes, forks: FORKS }), json);
    }
    const print = trace === undefined ? undefined : (line: string) => void process.stdout.write(`${line}\n`);
    const { labels: _, ...result } = await runFork({ seed: trace ?? seed, nodes, forks: FORKS, print });
    process.stdout.write(`${JSON.stringify({ scenario: 'fork', seed: trace ?? seed, ...result })}\n`);
    const isMet = brokenBy(result).length === 0 && result.wallSeconds <= WALL_SECONDS;
    if (!isMet) process.stderr.write(`budget: all detected, p99 ${P99_MS} ms, wall ${WALL_SECONDS} s\n`);
    return isMet ? 0 : 1;
  },
};

/** A run of forks to be made short: fewer nodes, fewer cheats. */
export function shortFork(options: ForkOptions): Shortenable {
  return {
    size: options.nodes,
    minSize: MIN_NODES,
    async run(nodes, within, print) {
      const result = await runFork({ ...options, nodes, within, print });
      return { broken: brokenBy(result), labels: result.labels };
    },
  };
}

function brokenBy({ detected, p99Ms }: Omit<ForkResult, 'labels'>): readonly string[] {
  if (detected < 1) return ['fork-unknown'];
  return p99Ms <= P99_MS ? [] : ['fork-known-late'];
}
