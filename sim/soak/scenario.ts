import type { SimulationOptions } from '../lib/arguments.ts';
import { runJobs } from '../lib/jobs.ts';
import type { Scenario } from '../lib/scenario.ts';
import { printShort } from '../lib/shorten.ts';
import { FAULT_KINDS, type HistoryOptions, type HistoryResult, runHistory } from '../market/history.ts';
import { MarketReport } from '../market/report.ts';
import { shortHistory } from '../market/shrinking.ts';
import { townHistory } from '../town/scenario.ts';

/** Faults of a run when nothing else is said. */
const FAULTS = 1_000_000;
/** Seeds of two processes are so far apart. */
const SEEDS_A_JOB = 10_000_000;
/** Every so many histories one is of a town. */
const TOWN_EVERY = 32;
const HOMES = 16;
/** Every so many really seal and deliver their data: a tenth more work. */
const SEALED_EVERY = 4;

const faultsOf = ({ faults }: HistoryResult): number =>
  Object.values(faults).reduce((sum, count) => sum + count, 0);

/** Many short histories full of faults, of markets and of towns, until so many faults were lived through. */
export const soak: Scenario = {
  name: 'soak',
  faults: FAULT_KINDS,
  async run(options) {
    Error.stackTraceLimit = 0;
    const { shrink: seed, trace, only, json } = options;
    if (seed !== undefined)
      return printShort(
        'soak',
        seed,
        shortHistory(() => historyOf(seed, only)),
        json,
      );
    if (trace !== undefined) {
      const print = (line: string): void => void process.stdout.write(`${line}\n`);
      const { findings } = await runHistory({ ...historyOf(trace, only), print });
      for (const { kind, rule, text } of findings) print(`${kind} ${rule}: ${text}`);
      return findings.length === 0 ? 0 : 1;
    }
    if (options.worker) {
      await live(options, (result) => process.stdout.write(`${JSON.stringify(result)}\n`));
      return 0;
    }
    const start = performance.now();
    const report = new MarketReport(options.seed, (text) => process.stderr.write(text));
    let faults = 0;
    const take = (result: HistoryResult): void => {
      faults += faultsOf(result);
      report.take(result);
    };
    if (options.jobs === 1) await live(options, take);
    else await inParallel(options, take);
    const summary = report.summary(Math.round(performance.now() - start));
    const faultKinds = Object.keys(summary.faults).length;
    process.stdout.write(
      `${JSON.stringify({ ...summary, scenario: 'soak', faultCount: faults, faultKinds })}\n`,
    );
    return report.isClean ? 0 : 1;
  },
};

/** The history of one seed: what it is of follows from the seed, so that it can be lived again alone. */
export function historyOf(seed: number, only: ReadonlySet<string> | undefined): HistoryOptions {
  const isSealed = seed % SEALED_EVERY === 0;
  const more = { only, isDense: true, isSealed };
  return seed % TOWN_EVERY === 0 ? townHistory(seed, HOMES, more) : { seed, ...more };
}

async function live(
  { seed, faults = FAULTS, only, seconds }: SimulationOptions,
  take: (result: HistoryResult) => void,
): Promise<void> {
  const limit = seconds === 0 ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1_000;
  let left = faults;
  for (let next = seed; left > 0 && performance.now() < limit; next++) {
    const result = await runHistory(historyOf(next, only));
    left -= faultsOf(result);
    // What shrinking needs is of no use here, and most of a line.
    take({ ...result, labels: [], calls: {} });
  }
}

function inParallel(options: SimulationOptions, take: (result: HistoryResult) => void): Promise<void> {
  const { seed, jobs, only, seconds, faults = FAULTS } = options;
  const words = Array.from({ length: jobs }, (_, job) => [
    'soak',
    '--worker',
    ...['--seed', String(seed + job * SEEDS_A_JOB), '--seconds', String(seconds)],
    ...['--faults', String(Math.ceil(faults / jobs))],
    ...(only === undefined ? [] : ['--only', [...only].join(',') || 'none']),
  ]);
  const main = new URL('../main.ts', import.meta.url).pathname;
  return runJobs(main, words, (line) => take(JSON.parse(line) as HistoryResult));
}
