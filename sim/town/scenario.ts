import { FINDING_KINDS } from '../lib/findings.ts';
import type { Scenario } from '../lib/scenario.ts';
import { printShort } from '../lib/shorten.ts';
import { FAULT_KINDS, type HistoryOptions, type HistoryResult, runHistory } from '../market/history.ts';
import { shortHistory } from '../market/shrinking.ts';
import { Homes } from './homes.ts';

/** Homes around the market when nothing else is said. */
const HOMES = 40;
/** Homes of the smallest town: some have to meet. */
const MIN_HOMES = 4;

/** A history of a town: a market, and homes around it. `nodes` is how many homes there are, or nearly all of a town. */
export function townHistory(
  seed: number,
  nodes = HOMES,
  more: Omit<HistoryOptions, 'seed' | 'around'> = {},
): HistoryOptions {
  return { ...more, seed, around: (world) => new Homes(world, nodes) };
}

/** What one history of a town prints at its end. */
export interface TownSummary {
  readonly scenario: 'town';
  readonly seed: number;
  readonly nodes: number;
  readonly operations: number;
  readonly faults: HistoryResult['faults'];
  readonly faultKinds: number;
  readonly excused: HistoryResult['excused'];
  readonly trades: number;
  readonly completed: number;
  readonly found: Readonly<Record<string, number>>;
  readonly traceHash: string;
  readonly wallSeconds: number;
}

/** Everything at once: a market with its notaries and witnesses, homes around it, liars and strangers, and all faults. */
export const town: Scenario = {
  name: 'town',
  faults: FAULT_KINDS,
  async run(options) {
    Error.stackTraceLimit = 0;
    const started = performance.now();
    const { trace, seed, nodes = HOMES, only, faults, sealed: isSealed } = options;
    if (options.shrink !== undefined) {
      const more = { only, faults, isSealed };
      const of = (homes: number): HistoryOptions => townHistory(options.shrink ?? seed, homes, more);
      return printShort('town', options.shrink, shortHistory(of, nodes, MIN_HOMES), options.json);
    }
    const print = trace === undefined ? undefined : (line: string) => void process.stdout.write(`${line}\n`);
    const result = await runHistory(townHistory(trace ?? seed, nodes, { only, faults, print, isSealed }));
    for (const { kind, rule, text } of result.findings) process.stderr.write(`${kind} ${rule}: ${text}\n`);
    const summary: TownSummary = {
      scenario: 'town',
      seed: result.seed,
      nodes,
      operations: result.operations,
      faults: result.faults,
      faultKinds: Object.keys(result.faults).length,
      excused: result.excused,
      trades: result.trades,
      completed: result.completed,
      found: Object.fromEntries(
        FINDING_KINDS.map((kind) => [kind, result.findings.filter((found) => found.kind === kind).length]),
      ),
      traceHash: result.digest,
      wallSeconds: (performance.now() - started) / 1_000,
    };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return result.findings.length === 0 ? 0 : 1;
  },
};
