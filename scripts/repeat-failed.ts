import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { failuresOf, repeated, type TestReport } from './lib/repeats.ts';
import { main, run } from './lib/run.ts';
import { root } from './lib/workspace.ts';

/** A run in which more files fail is broken, not unsteady; to repeat it all tells nothing. */
const MAX_FILES = 12;
const REPEAT_MS = 240_000;
const WORDS = {
  failed: 'fails again',
  passed: 'FLAKY: failed, and passed when repeated',
  unknown: 'not repeated to its end',
} as const;

/**
 * Repeats the test files that failed by the JSON report named, and says of each failure whether it came again: nothing
 * is forgiven, a test that fails once has failed. Exits non-zero when the report has a failure.
 */
await main('repeat-failed', async () => {
  const first = readReport(process.argv[2] ?? '');
  if (first === undefined) throw new Error('Expected the path of a JSON report of a test run');
  const failures = failuresOf(first);
  const files = [...new Set(failures.map(({ file }) => file))];
  if (files.length === 0) return;
  if (files.length > MAX_FILES) throw new Error(`${files.length} files failed, too many to repeat`);
  const folder = mkdtempSync(join(tmpdir(), 'edmp-repeat-'));
  try {
    const report = join(folder, 'report.json');
    await run('vitest', ['run', ...files.map((file) => relative(root, file))], {
      env: { EDMP_TEST_REPORT: report },
      timeoutMs: REPEAT_MS,
    });
    const second = readReport(report);
    for (const failure of failures) {
      const { file, test } = failure;
      const name = test === undefined ? 'the whole file' : test;
      process.stdout.write(`${WORDS[repeated(failure, second)]}: ${relative(root, file)}: ${name}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = 1;
});

function readReport(path: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  } catch {
    return undefined;
  }
}
