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
  const packed: Packed[] = [];
  for (const pkg of publishablePackages()) {
    await mustRun('npx', ['-y', pnpm, 'pack', '--pack-destination', folder], { cwd: pkg.path });
    const prefix = `${pkg.manifest.name.replace('@', '').replace('/', '-')}-${pkg.manifest.version}`;
    const file = (await readdir(folder)).find((name) => name === `${prefix}.tgz`);
    if (file === undefined)
      throw new Error(`${pkg.manifest.name}: no ${prefix}.tgz after packing into ${folder}`);
    packed.push({ pkg, tarball: join(folder, file) });
  }
  return packed;
}
