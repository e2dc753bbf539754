import { compileLibrary } from './lib/compile.ts';
import { main, mustRun } from './lib/run.ts';
import { isApplication, type Package, publishablePackages } from './lib/workspace.ts';

/**
 * Builds every publishable package into its `dist/`. Libraries are compiled file by file, those that others depend on
 * first, so that each one's types are checked against theirs as published; then a package that has a `build.ts` of its
 * own, an application, is built by that.
 */
await main('build', async () => {
  const packages = publishablePackages();
  for (const pkg of packages.filter((each) => !isApplication(each)))
    await timed(pkg, () => compileLibrary(pkg));
  for (const pkg of packages.filter(isApplication))
    await timed(pkg, () =>
      mustRun(process.execPath, ['--conditions=edmp-source', 'build.ts'], { cwd: pkg.path }),
    );
});

async function timed(pkg: Package, build: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await build();
  process.stdout.write(`built ${pkg.manifest.name} in ${Math.round(performance.now() - start)} ms\n`);
}
