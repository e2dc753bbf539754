import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readmeBlocks } from '../lib/readme-blocks.ts';
import type { Package } from '../lib/workspace.ts';
import { runBare, whyFailed } from './bare.ts';
import type { Folder } from './folders.ts';
import type { Report } from './report.ts';
import type { Runtime } from './tools.ts';

const RUN_MS = 90_000;
/** A block that uses a test runner, or suites for one, is a test file. */
const testFile = /from '(?:vitest|@edmp\/testing)'/;

/** Runs every `ts` block of a package's README as a program of its own, against the packages as installed. */
export async function checkReadme(
  report: Report,
  runtime: Runtime,
  folder: Folder,
  pkg: Package,
): Promise<void> {
  const blocks = await report.check(`readme  ${pkg.manifest.name}  ${runtime.name}`, async () =>
    readmeBlocks(join(pkg.path, 'README.md')).filter(({ lang }) => lang === 'ts'),
  );
  if (blocks === undefined) return;
  for (const { code, line, skip } of blocks) {
    const what = `readme  ${pkg.manifest.name}  line ${line}  ${runtime.name}`;
    if (skip !== undefined) {
      report.line(what, undefined, `not run: ${skip}`);
      continue;
    }
    await report.check(what, async () => {
      const isTest = testFile.test(code);
      const file = `readme-${pkg.folder}-${line}${isTest ? '.test' : ''}.ts`;
      await writeFile(join(folder.path, file), code);
      const command: readonly string[] = isTest ? ['node_modules/vitest/vitest.mjs', 'run', file] : [file];
      const user = { home: folder.user.home, path: [runtime.bin] };
      const finished = await runBare(user, folder.path, [...runtime.command, ...command], RUN_MS);
      if (finished.code !== 0) throw new Error(whyFailed(finished));
    });
  }
}
