/**
 * Mutation testing of the folders of `@edmp/trustchain` that decide what is accepted and who has cheated: changes the
 * sources in every small way that Stryker knows, one at a time, and prints which changes no test noticed.
 *
 *     pnpm mutate [block | validation | fraud …]
 *
 * Stryker is fetched for the run (about 100 MB, kept by pnpm's cache), so that an ordinary install does not carry it.
 */
import { spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/workspace.ts';

const FOLDERS: readonly string[] = ['validation', 'fraud', 'block'];
const PACKAGES = ['@stryker-mutator/core@10.1.1', '@stryker-mutator/vitest-runner@10.1.1', 'vitest@5.1.1'];

/** Mutates one folder; resolves with Stryker's exit code and leaves its report in `reports/mutation/<folder>.json`. */
function mutate(folder: string): number {
  const sources = `packages/trustchain/src/${folder}/**/*.ts`;
  const { status } = spawnSync(
    'npx',
    [
      ...['-y', 'pnpm@10.34.9', ...PACKAGES.map((name) => `--package=${name}`), 'dlx'],
      ...['stryker', 'run', 'scripts/mutate.json', '--mutate', sources],
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, EDMP_MUTATE: folder } },
  );
  if (status === 0) {
    const reports = join(root, 'reports/mutation');
    renameSync(join(reports, 'mutation.json'), join(reports, `${folder}.json`));
  }
  return status ?? 1;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((folder) => !FOLDERS.includes(folder));
if (unknown.length > 0) {
  console.error(`mutate: expected any of ${FOLDERS.join(', ')}, got ${unknown.join(', ')}`);
  process.exitCode = 1;
} else {
  for (const folder of asked.length > 0 ? asked : FOLDERS) {
    console.log(`\nMutants of packages/trustchain/src/${folder}`);
    process.exitCode = Math.max(Number(process.exitCode ?? 0), mutate(folder));
  }
}
