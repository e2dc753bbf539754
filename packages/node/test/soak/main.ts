import { meterSoak } from './meter-soak.ts';

/**
 * `pnpm soak [SEED] [DAYS] [KILLS] [RESTARTS]`: seven days of a P1 port unless told otherwise; one JSON line, exit code 1 when a
 * reading was lost, doubled or invented, none was accepted, or the memory of the longest life was not flat.
 */
const [seed = 1, days = 7, kills = 12, restarts = 12] = process.argv.slice(2).map(Number);
const began = performance.now();
const result = await meterSoak({ seed, seconds: Math.round(days * 86_400), kills, restarts });
const seconds = Math.round((performance.now() - began) / 100) / 10;
process.stdout.write(`${JSON.stringify({ seed, days, ...result, seconds })}\n`);
const isWhole = result.accepted > 0 && result.lost + result.doubled + result.invented === 0;
for (const fault of result.memory.faults) process.stderr.write(`not flat: ${fault}\n`);
process.exitCode = isWhole && result.memory.faults.length === 0 ? 0 : 1;
