import { fork } from './chain/fork-scenario.ts';
import { gap } from './chain/gap-scenario.ts';
import { star } from './chain/star-scenario.ts';
import { hours } from './hours/scenario.ts';
import { parseArguments } from './lib/arguments.ts';
import type { Scenario } from './lib/scenario.ts';
import { market } from './market/scenario.ts';
import { soak } from './soak/scenario.ts';
import { sybil } from './sybil/scenario.ts';
import { town } from './town/scenario.ts';

/** Scenarios by name, each from one seed: whole nodes, or what made-up agents gain. */
const SCENARIOS: readonly Scenario[] = [market, fork, gap, star, town, hours, soak, sybil];

/** `pnpm sim SCENARIO [--seed N] [--histories N] [--seconds S] [--only FAULT,…] [--jobs N] [--known] [--trace SEED] [--shrink SEED] [--planted] [--nodes N] [--hours H] [--write] [--sealed] [--role FILE] [--json]`. */
async function main(words: readonly string[]): Promise<void> {
  const [name, ...rest] = words;
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario === undefined) {
    const names = SCENARIOS.map((each) => each.name).join(', ');
    throw new Error(`expected a scenario, one of: ${names}; got ${name ?? 'none'}`);
  }
  const options = parseArguments(rest, scenario.faults);
  process.exitCode = await scenario.run(options);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`sim: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
