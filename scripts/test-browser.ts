import { chromiumPath } from './lib/chromium.ts';
import { main, run } from './lib/run.ts';

/**
 * Runs the tests of `vitest.browser.config.ts` in headless Chromium. Without a Chromium they are skipped with a
 * reason, but fail in CI (`CI=true`). Arguments go to vitest.
 */
await main('test:browser', async () => {
  if (chromiumPath() === undefined) {
    const reason = 'no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH';
    if (process.env.CI === 'true') throw new Error(reason);
    process.stdout.write(`test:browser: skipped, ${reason}\n`);
    return;
  }
  const args = ['run', '--config', 'vitest.browser.config.ts', ...process.argv.slice(2)];
  const { code, output } = await run('vitest', args, { timeoutMs: 300_000 });
  process.stdout.write(output);
  process.exitCode = code;
});
