import type { Scenario } from '../lib/scenario.ts';
import { faultsIn, growthOf } from './report.ts';
import { liveHours } from './run.ts';

/** Simulated minutes between two trades, and hours between two restarts. */
const EVERY_MINUTES = 30;
const RESTART_HOURS = 6;

/** A small network that goes on trading for days: what it holds on to, in memory, on disk and in open files. */
export const hours: Scenario = {
  name: 'hours',
  faults: [],
  async run({ seed, hours: length }) {
    const started = performance.now();
    const options = { seed, hours: length, everyMinutes: EVERY_MINUTES, restartHours: RESTART_HOURS };
    const { trades, failures, restarts, looks } = await liveHours(options);
    const faults = faultsIn(looks);
    for (const text of [...failures, ...faults]) process.stderr.write(`${text}\n`);
    const summary = {
      scenario: 'hours',
      seed,
      hours: length,
      trades,
      restarts,
      failures: failures.length,
      ...growthOf(looks),
      first: looks[0],
      last: looks.at(-1),
      faults,
      wallSeconds: (performance.now() - started) / 1_000,
    };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return trades > 0 && failures.length === 0 && faults.length === 0 ? 0 : 1;
  },
};
