import { clockVariables, datedTests, testClocks, undatedTests } from './lib/clocks.ts';
import { main, run } from './lib/run.ts';

/** Longest run by one clock, ms. */
const RUN_MS = 200_000;

/**
 * Runs the tests that a date could matter to by other clocks, in other zones and languages. Arguments name clocks by
 * their places in the table, from 1; default all. Exits non-zero when a run failed, with what it printed.
 */
await main('test-clocks', async () => {
  const wanted = process.argv.slice(2);
  const failed: string[] = [];
  for (const [index, clock] of testClocks(Date.now()).entries()) {
    if (wanted.length > 0 && !wanted.includes(String(index + 1))) continue;
    const began = performance.now();
    const env = clockVariables(clock, Date.now());
    const left = undatedTests.flatMap((one) => ['--exclude', one]);
    const { code, output } = await run(
      'vitest',
      ['run', '--maxWorkers=2', ...left, ...datedTests, ...clock.more],
      {
        env,
        timeoutMs: RUN_MS,
      },
    );
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const title = `${clock.name} (${new Date(clock.at).toISOString()}, ${clock.zone}, ${clock.locale})`;
    process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${title}: ${seconds} s\n`);
    process.stdout.write(code === 0 ? output.split('\n').slice(-8).join('\n') : output);
    if (code !== 0) failed.push(title);
  }
  if (failed.length > 0) throw new Error(`The tests fail by ${failed.join(', and by ')}`);
});
