import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Bench, metricLine, type Report } from './harness.ts';

/**
 * `pnpm bench [name …]`: runs every `bench/*.ts` that exports `bench`, or those named, and prints one JSON line per
 * metric on standard output; everything else goes to standard error. `--only PART` runs one part of those named.
 */
async function main(args: readonly string[]): Promise<void> {
  const { values, positionals: wanted } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { only: { type: 'string' } },
  });
  const benches = await findBenches();
  const unknown = wanted.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    const known = benches.map((bench) => bench.name).join(', ') || 'none yet';
    throw new Error(`no benchmark called ${unknown.join(', ')}; there are: ${known}`);
  }
  const chosen = wanted.length === 0 ? benches : benches.filter((bench) => wanted.includes(bench.name));
  if (chosen.length === 0) process.stderr.write('no benchmarks found in bench/\n');
  for (const bench of chosen) {
    process.stderr.write(`bench ${bench.name}\n`);
    const report: Report = (metric) =>
      process.stdout.write(`${JSON.stringify(metricLine(bench.name, metric))}\n`);
    if (values.only === undefined) await bench.run(report);
    else await partOf(bench, values.only)(report);
  }
}

function partOf(bench: Bench, name: string): (report: Report) => Promise<void> {
  const part = bench.parts?.[name];
  if (part !== undefined) return part;
  const known = Object.keys(bench.parts ?? {}).join(', ') || 'none';
  throw new Error(`${bench.name} has no part called ${name}; there are: ${known}`);
}

async function findBenches(): Promise<Bench[]> {
  const folder = import.meta.dirname;
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
  const benches: Bench[] = [];
  for (const name of names) {
    if (name === 'main.ts' || name === 'harness.ts') continue;
    const module: unknown = await import(new URL(name, import.meta.url).href);
    if (isBenchModule(module)) benches.push(module.bench);
  }
  return benches;
}

function isBenchModule(module: unknown): module is { readonly bench: Bench } {
  if (typeof module !== 'object' || module === null || !('bench' in module)) return false;
  const bench: unknown = module.bench;
  return (
    typeof bench === 'object' &&
    bench !== null &&
    'name' in bench &&
    typeof bench.name === 'string' &&
    'run' in bench &&
    typeof bench.run === 'function'
  );
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
