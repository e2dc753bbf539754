import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from './run.ts';
import { type Package, publishablePackages } from './workspace.ts';

/** The pnpm release that the README's commands name. */
const pnpm = 'pnpm@10.34.9';

/** A publishable package and its packed tarball. */
export interface Packed {
  readonly pkg: Package;
  /** Absolute path of the `.tgz`. */
  readonly tarball: string;
}

/** Packs every publishable package into `folder` as it would be published: `workspace:` ranges become versions. */
export async function packAll(folder: string): Promise<Packed[]> {
  const packages = publishablePackages();
  const filters = packages.map((pkg) => `--filter=${pkg.manifest.name}`);
  await mustRun('npx', ['-y', pnpm, '-r', ...filters, 'pack', '--pack-destination', folder]);
  const files = await readdir(folder);
  return packages.map((pkg) => {
    const file = `${pkg.manifest.name.replace('@', '').replace('/', '-')}-${pkg.manifest.version}.tgz`;
    if (!files.includes(file))
      throw new Error(`${pkg.manifest.name}: no ${file} after packing into ${folder}`);
    return { pkg, tarball: join(folder, file) };
  });
}
