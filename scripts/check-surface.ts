import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { main } from './lib/run.ts';
import { type RootLimit, readEntry, type SurfaceEntry, surfaceBreaches } from './lib/surface.ts';
import { isApplication, publicEntries, publishablePackages, root } from './lib/workspace.ts';

const newcomers = 'what a newcomer needs';
const limits: Readonly<Record<string, RootLimit>> = {
  '@edmp/interface': { most: 120, reason: 'the ports that all packages meet at, types for the most part' },
  '@edmp/trustchain': { most: 25, reason: newcomers },
  '@edmp/market': { most: 30, reason: newcomers },
  '@edmp/data-settlement': { most: 25, reason: newcomers },
  '@edmp/oehu-client': { most: 30, reason: newcomers },
};

/** Holds the public names of all published packages to the rules of `lib/surface.ts`; lists every breach and exits non-zero. */
await main('check-surface', async () => {
  const entries = publishablePackages().flatMap((pkg) => {
    const { manifest, path } = pkg;
    return publicEntries(manifest).map(({ subpath, source }): SurfaceEntry => {
      const file = join(path, source);
      return {
        isApplication: isApplication(pkg),
        package: manifest.name,
        entry: subpath === '.' ? manifest.name : manifest.name + subpath.slice(1),
        isRoot: subpath === '.',
        path: relative(root, file),
        facts: readEntry(file, readFileSync(file, 'utf8')),
      };
    });
  });
  const breaches = surfaceBreaches(entries, limits);
  if (breaches.length > 0)
    throw new Error(`${breaches.length} breach(es) of the public surface\n  ${breaches.join('\n  ')}`);
  const names = entries.reduce((sum, { facts }) => sum + facts.names.length, 0);
  process.stdout.write(`check-surface: ${entries.length} entries, ${names} names, no breach\n`);
});
