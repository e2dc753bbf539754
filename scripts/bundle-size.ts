import { bundleLimits, entryLimits, outsideBrowsers, type SizedBundle } from './lib/bundle-limits.ts';
import { main } from './lib/run.ts';
import { type Size, sizeOfModule } from './lib/size.ts';
import { publicEntries, publishablePackages } from './lib/workspace.ts';

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

/** What several names of several entries weigh together. */
function sizeOfBundle({ imports, external }: SizedBundle): Promise<Size> {
  const lines = Object.entries(imports).map(([entry, names]) =>
    names === '*' ? `export * from '${entry}';` : `export { ${names.join(', ')} } from '${entry}';`,
  );
  return sizeOfModule(lines.join('\n'), { external: external ?? [] });
}

/** Public entries of the packages that a page may import: neither the node nor the acceptance suites. */
function browserEntries(): string[] {
  return publishablePackages()
    .filter(({ manifest }) => manifest.name !== '@edmp/node' && manifest.name !== '@edmp/testing')
    .flatMap(({ manifest }) =>
      publicEntries(manifest).map(({ subpath }) => manifest.name + subpath.replace(/^\./, '')),
    )
    .filter((entry) => !(entry in outsideBrowsers));
}

/**
 * Prints what a browser loads of the built packages: programs as they are written, and every entry with all that it exports, other packages
 * not counted. Exits with 1 when one is above its limit, when an entry has none, or when any of it needs Node.
 */
await main('bundle-size', async () => {
  const wrong: string[] = [];
  const tell = (name: string, { minified, gzip }: Size, limit: number | undefined, budget?: number): void => {
    const wanted = budget === undefined || gzip <= budget ? '' : `; its budget is ${kilobytes(budget)}`;
    const bound = limit === undefined ? 'no limit' : `at most ${kilobytes(limit)}`;
    process.stdout.write(
      `${name}: ${kilobytes(minified)} minified, ${kilobytes(gzip)} gzip, ${bound}${wanted}\n`,
    );
    if (limit === undefined) wrong.push(`${name} has no limit: give it one in scripts/lib/bundle-limits.ts`);
    else if (gzip > limit)
      wrong.push(
        `${name} is ${kilobytes(gzip - limit)} too large: move what not every page needs to an entry or a file of its own`,
      );
  };
  for (const bundle of bundleLimits)
    tell(bundle.name, await sizeOfBundle(bundle), bundle.limit, bundle.budget);
  const packages = publishablePackages().map(({ manifest }) => manifest.name);
  for (const entry of browserEntries()) {
    const own = entry.split('/').slice(0, 2).join('/');
    const external = [...packages.filter((name) => name !== own), 'multiformats', '@noble/*'];
    tell(entry, await sizeOfModule(`export * from '${entry}';`, { external }), entryLimits[entry]);
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});
