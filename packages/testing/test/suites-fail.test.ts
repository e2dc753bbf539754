import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';

interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

/** What each faulty implementation must be caught at: part of the title of a case that fails. */
const caught: Readonly<Record<string, RegExp>> = {
  'key-value store suite: hands out the bytes it keeps': /copies values/,
  'signer suite: signs the first 100 bytes': /signs exactly the message/,
  'crypto suite: takes the key of small order': /./,
  'content store suite: does not check what it reads': /./,
  'block store suite: keeps one branch of a fork': /./,
  'block store suite: shows in a snapshot what came later': /reads one moment/,
  'block store suite: looks at no fence': /older lease/,
  'network suite: ignores abort signals': /abort/,
  'wallet suite: does not show what it pays': /./,
  'meter source suite: reads backwards': /ascending/,
  'settlement suite: believes every complaint': /never finds an honest seller guilty/,
  'settlement suite: never finds anybody guilty': /turns a wrong key into a proof/,
  'settlement suite: takes any delivery': /refuses a delivery/,
};

it('each suite fails an implementation with one fault, where the fault is', {
  timeout: bounds.journey,
}, async () => {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const config = fileURLToPath(new URL('flawed/vitest.config.ts', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'edmp-suites-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const outputFile = join(folder, 'report.json');
  // A failing run ends with exit code 1, which is what is wanted here: the report says the rest.
  const { VITEST: _, VITEST_WORKER_ID: __, VITEST_POOL_ID: ___, ...env } = process.env;
  const args = [vitest, 'run', '--config', config, '--outputFile', outputFile];
  await promisify(execFile)(process.execPath, args, { env }).catch(() => undefined);
  const { testResults } = JSON.parse(readFileSync(outputFile, 'utf8')) as Report;
  expect(testResults.map(({ message }) => message)).toEqual(['']);
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const names = [...new Set(results.map(({ ancestorTitles }) => ancestorTitles[0] ?? ''))];
  expect(names.sort()).toEqual(Object.keys(caught).sort());
  for (const [name, title] of Object.entries(caught)) {
    const own = results.filter(({ ancestorTitles }) => ancestorTitles[0] === name);
    const failed = own.filter(({ status }) => status === 'failed').map((one) => one.title);
    expect(
      failed.some((one) => title.test(one)),
      `${name}: ${failed.join('; ')}`,
    ).toBe(true);
    expect(failed.length, `${name}: a fault in one place does not fail everything`).toBeLessThan(own.length);
  }
});
