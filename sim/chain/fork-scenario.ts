import type { Scenario } from '../lib/scenario.ts';
import { runFork } from './fork.ts';

const NODES = 1_000;
const FORKS = 30;
/** Simulated time in which 99 of 100 nodes have to know of a fork, ms (DESIGN §8). */
const P99_MS = 5_000;
/** Real time of the run with {@link NODES} nodes on two cores, s. */
const WALL_SECONDS = 60;

/** Cheats show two branches, each to one node of a town: when does everybody know? */
export const fork: Scenario = {
  name: 'fork',
  faults: [],
  async run({ seed, nodes = NODES, trace }) {
    const print = trace === undefined ? undefined : (line: string) => void process.stdout.write(`${line}\n`);
    const result = await runFork({ seed: trace ?? seed, nodes, forks: FORKS, print });
    process.stdout.write(`${JSON.stringify({ scenario: 'fork', seed: trace ?? seed, ...result })}\n`);
    const isMet = result.detected === 1 && result.p99Ms <= P99_MS && result.wallSeconds <= WALL_SECONDS;
    if (!isMet) process.stderr.write(`budget: all detected, p99 ${P99_MS} ms, wall ${WALL_SECONDS} s\n`);
    return isMet ? 0 : 1;
  },
};
