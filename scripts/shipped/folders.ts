import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../lib/workspace.ts';
import { type BareUser, mustRunBare } from './bare.ts';

const INSTALL_MS = 240_000;

/** A third party's project, outside the workspace, with packages installed. */
export interface Folder {
  readonly name: string;
  readonly path: string;
  readonly user: BareUser;
  /** Packages in its `node_modules`. */
  readonly packages: number;
  /** How long the install took with empty caches, ms. */
  readonly installMs: number;
}

/** Makes a folder with nothing but a package.json and an `.npmrc`; its user's home is empty and beside it. */
export async function emptyFolder(
  work: string,
  name: string,
  npmrc: string,
  path: readonly string[],
  dependencies: Readonly<Record<string, string>> = {},
): Promise<Omit<Folder, 'packages' | 'installMs'>> {
  const folder = join(work, name, 'app');
  const home = join(work, name, 'home');
  await mkdir(folder, { recursive: true });
  await mkdir(home, { recursive: true });
  const manifest = { name: 'app', private: true, type: 'module', dependencies };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(folder, '.npmrc'), npmrc);
  return { name, path: folder, user: { home, path } };
}

/** Installs what the folder's package.json names with npm, as `npm install` does for a newcomer. */
export async function installWithNpm(folder: Omit<Folder, 'packages' | 'installMs'>): Promise<Folder> {
  const { ms } = await mustRunBare(
    folder.user,
    folder.path,
    ['npm', 'install', '--no-audit', '--no-fund', '--no-progress'],
    INSTALL_MS,
  );
  const lock = JSON.parse(await readFile(join(folder.path, 'node_modules/.package-lock.json'), 'utf8')) as {
    readonly packages: object;
  };
  return { ...folder, packages: Object.keys(lock.packages).length, installMs: ms };
}

/**
 * Installs with pnpm, nothing hoisted: a package finds what it declares and nothing else, so that one which it forgot to
 * declare is missing even when its neighbour brought it.
 */
export async function installWithPnpm(
  folder: Omit<Folder, 'packages' | 'installMs'>,
  pnpm: readonly [string, ...string[]],
): Promise<Folder> {
  const { ms, output } = await mustRunBare(
    folder.user,
    folder.path,
    [
      ...pnpm,
      'install',
      '--config.hoist=false',
      '--config.auto-install-peers=true',
      '--reporter=append-only',
    ],
    INSTALL_MS,
  );
  const added = /added (\d+)/g;
  const packages = Math.max(0, ...[...output.matchAll(added)].map(([, count]) => Number(count)));
  return { ...folder, packages, installMs: ms };
}

/** Copies `environments/` into a folder. */
export async function copyPrograms(folder: { readonly path: string }): Promise<void> {
  await cp(join(root, 'environments'), folder.path, { recursive: true });
}
