import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { main, mustRun } from './lib/run.ts';
import { type Package, publicEntries, publishablePackages, root } from './lib/workspace.ts';

/**
 * Builds every publishable package into its `dist/`: ES modules, types and source maps for each public entry; and the
 * web GUI into `@edmp/node`'s `dist/web`. A package is built as soon as those it depends on are, so that its types
 * are checked against theirs as published.
 */
await main('build', async () => {
  const packages = publishablePackages();
  const finished = new Map<string, Promise<void>>();
  for (const pkg of packages) {
    const dependencies = Object.keys({ ...pkg.manifest.dependencies, ...pkg.manifest.peerDependencies });
    finished.set(
      pkg.manifest.name,
      Promise.all(dependencies.map((name) => finished.get(name))).then(() => buildPackage(pkg)),
    );
  }
  const web = buildWeb();
  const outcomes = await Promise.allSettled([...finished.values(), web]);
  const failures = new Set(
    outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : [])),
  );
  if (failures.size > 0) throw new Error([...failures].join('\n'));
  const site = await web;
  const node = packages.find((pkg) => pkg.manifest.name === '@edmp/node');
  if (site !== undefined && node !== undefined) {
    const filter = (path: string): boolean => !basename(path).startsWith('.');
    await cp(site, join(node.path, 'dist/web'), { recursive: true, filter });
  }
});

async function buildPackage(pkg: Package): Promise<void> {
  const start = performance.now();
  await mustRun('tsup', ['--config', '../../tsup.config.ts', '--silent'], { cwd: pkg.path });
  for (const entry of publicEntries(pkg.manifest)) {
    const built = join(pkg.path, 'dist', `${entry.output}.js`);
    const text = await readFile(built, 'utf8');
    if (entry.subpath.startsWith('bin:') && !text.startsWith('#!')) {
      throw new Error(
        `${pkg.manifest.name}: ${entry.source} is a program and must begin with "#!/usr/bin/env node"`,
      );
    }
  }
  process.stdout.write(`built ${pkg.manifest.name} in ${Math.round(performance.now() - start)} ms\n`);
}

/** Builds the GUI unless `packages/web` has none or what is there is fresh; gives the folder of its static files. */
async function buildWeb(): Promise<string | undefined> {
  const web = join(root, 'packages/web');
  if (!existsSync(join(web, 'build.ts'))) return undefined;
  const start = performance.now();
  await mustRun(process.execPath, ['--conditions=edmp-source', 'build.ts'], { cwd: web });
  process.stdout.write(`built @edmp/web in ${Math.round(performance.now() - start)} ms\n`);
  return join(web, 'dist');
}
