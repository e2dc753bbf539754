import type { SimulationOptions } from '../lib/arguments.ts';
import { runJobs } from '../lib/jobs.ts';
import type { Scenario } from '../lib/scenario.ts';
import { printShort } from '../lib/shorten.ts';
import { loadRole } from './byzantine/load-role.ts';
import { FAULT_KINDS, type HistoryResult, runHistory } from './history.ts';
import { KNOWN_SEEDS } from './known-seeds.ts';
import { findPlanted, PLANTED, type PlantedResult } from './planted.ts';
import { MarketReport } from './report.ts';
import { shortHistory } from './shrinking.ts';

/** Whole markets: sellers, buyers, matchmakers, witnesses, notaries, their disks and everything that can happen to them. */
export const market: Scenario = {
  name: 'market',
  faults: FAULT_KINDS,
  async run(options) {
    if (options.trace !== undefined) return trace(options.trace, options);
    const { shrink: seed, only, sealed: isSealed, json } = options;
    if (seed !== undefined) {
      Error.stackTraceLimit = 0;
      return printShort(
        'market',
        seed,
        shortHistory(() => ({ seed, only, isSealed })),
        json,
      );
    }
    if (options.planted) return tryPlanted(options);
    if (options.worker) return work(options);
    const start = performance.now();
    const report = new MarketReport(options.seed, (text) => process.stderr.write(text));
    const take = (result: HistoryResult): void => report.take(result);
    if (options.jobs === 1) await each(options, take);
    else await inParallel(options, take);
    process.stdout.write(`${JSON.stringify(report.summary(Math.round(performance.now() - start)))}\n`);
    return report.isClean ? 0 : 1;
  },
};

async function each(options: SimulationOptions, take: (result: HistoryResult) => void): Promise<void> {
  const { seed, histories, only, seconds, sealed: isSealed } = options;
  const role = options.role === undefined ? undefined : await loadRole(options.role);
  // Refused connections and timeouts are ordinary here, and nobody reads where each was made.
  Error.stackTraceLimit = 0;
  const limit = seconds === 0 ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1_000;
  if (options.known)
    for (const known of KNOWN_SEEDS) take(await runHistory({ seed: known, only, isSealed, role }));
  for (let i = 0; i < histories && performance.now() < limit; i++) {
    take(await runHistory({ seed: seed + i, only, isSealed, role }));
  }
}

async function work(options: SimulationOptions): Promise<number> {
  await each(options, (result) => process.stdout.write(`${JSON.stringify(result)}\n`));
  return 0;
}

function inParallel(options: SimulationOptions, take: (result: HistoryResult) => void): Promise<void> {
  const { seed, histories, jobs, only, seconds, sealed, role } = options;
  const shares = Array.from({ length: jobs }, (_, job) => {
    const from = Math.floor((job * histories) / jobs);
    return { seed: seed + from, histories: Math.floor(((job + 1) * histories) / jobs) - from };
  });
  const words = shares.map((share, job) => [
    'market',
    '--worker',
    ...['--seed', String(share.seed), '--histories', String(share.histories), '--seconds', String(seconds)],
    ...(options.known && job === 0 ? ['--known'] : []),
    ...(sealed ? ['--sealed'] : []),
    ...(role === undefined ? [] : ['--role', role]),
    ...(only === undefined ? [] : ['--only', [...only].join(',') || 'none']),
  ]);
  const main = new URL('../main.ts', import.meta.url).pathname;
  return runJobs(main, words, (line) => take(JSON.parse(line) as HistoryResult));
}

/** Plants each known bug in turn and looks how many histories it takes until one breaks a rule that tells of it. */
async function tryPlanted({ seed, histories }: SimulationOptions): Promise<number> {
  Error.stackTraceLimit = 0;
  const found: Record<string, PlantedResult> = {};
  for (const bug of PLANTED) {
    const result = await findPlanted(bug, seed, histories);
    found[bug.role.name] = result;
    const how = result.seed === null ? 'NOT FOUND' : `seed ${result.seed}: ${result.rules.join(', ')}`;
    process.stderr.write(`${bug.role.name}: ${how} (${result.histories} histories)\n`);
  }
  process.stdout.write(`${JSON.stringify({ scenario: 'market', seed, planted: found })}\n`);
  return Object.values(found).every((result) => result.seed !== null) ? 0 : 1;
}

async function trace(seed: number, { only, sealed: isSealed }: SimulationOptions): Promise<number> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const result = await runHistory({ seed, only, isSealed, print });
  const { findings, ...rest } = result;
  process.stdout.write(`${JSON.stringify(rest)}\n`);
  for (const { kind, rule, text } of findings) process.stdout.write(`${kind} ${rule}: ${text}\n`);
  return findings.length === 0 ? 0 : 1;
}
