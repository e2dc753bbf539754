import { parseArgs } from 'node:util';
import { networkSoak } from './network-soak.ts';

/**
 * `pnpm soak:network [--minutes 60] [--pace MS] [--json]`: five processes of a network that trade; one JSON line, exit
 * code 1 when a trade failed, a chain is invalid or a process is not flat.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    pace: { type: 'string', default: '8000' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Math.round(Number(values.minutes) * 60);
const result = await networkSoak({
  seconds,
  // As many looks as the rule needs, and none more often than every five seconds: each costs two collections.
  sampleMs: Math.max(5_000, Math.min(30_000, Math.floor((seconds * 1_000) / 60))),
  paceMs: Number(values.pace),
  ...(values.json ? {} : { log: (text: string) => void process.stderr.write(`${text}\n`) }),
});
process.stdout.write(`${JSON.stringify(result)}\n`);
for (const fault of [...result.failures, ...result.faults]) process.stderr.write(`${fault}\n`);
const isWhole = result.trades > 0 && result.failures.length === 0 && result.invalidChains.length === 0;
process.exitCode = isWhole && result.faults.length === 0 ? 0 : 1;
