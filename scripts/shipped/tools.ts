import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '../lib/run.ts';
import { root } from '../lib/workspace.ts';

/** Node's own releases as npm packages; the package `node` only downloads one of these. */
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/** What the gate runs and no other script needs. A newcomer's `pnpm install` does not bring it. */
const dependencies: Readonly<Record<string, string>> = {
  verdaccio: '6.10.4',
  pnpm: '10.34.9',
  node20: `npm:${nodePackage}@20.20.0`,
  node22: `npm:${nodePackage}@22.23.3`,
  bun: '1.4.5',
  deno: '2.9.6',
  'typescript-5.9': 'npm:typescript@5.9.3',
  'typescript-7': 'npm:typescript@7.0.2',
};

/** One JavaScript runtime. */
export interface Runtime {
  readonly name: 'node24' | 'node22' | 'bun' | 'deno';
  /** Folder with its program, to be put first on the path. */
  readonly bin: string;
  /** The program and what comes before the file to run. */
  readonly command: readonly [string, ...string[]];
}

/** The gate's tools, installed. */
export interface Tools {
  /** Node 24, then the others. */
  readonly runtimes: readonly Runtime[];
  /** Folder of Node 20's program, which the packages refuse. */
  readonly node20: string;
  /** How to start pnpm. */
  readonly pnpm: readonly [string, ...string[]];
  /** How to start verdaccio. */
  readonly verdaccio: readonly [string, ...string[]];
  /** How to start each TypeScript compiler, by its version. */
  readonly compilers: ReadonlyMap<string, readonly [string, ...string[]]>;
}

/** Installs the tools into a folder of their own in the repository's cache, unless they are there. */
export async function installTools(): Promise<Tools> {
  const manifest = JSON.stringify({ private: true, dependencies, overrides: { 'node-fetch': '2.7.0' } });
  const key = createHash('sha256').update(manifest).digest('hex').slice(0, 12);
  const folder = join(root, 'node_modules/.cache/edmp-shipped', key);
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    await rm(dirname(folder), { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), manifest);
    await mustRun('npm', ['install', '--no-audit', '--no-fund', '--no-progress', '--no-package-lock'], {
      cwd: folder,
      timeoutMs: 240_000,
    });
    await writeFile(complete, '');
  }
  const modules = join(folder, 'node_modules');
  const node = process.execPath;
  const nodeRuntime = (name: 'node24' | 'node22', program: string): Runtime => ({
    name,
    bin: dirname(program),
    command: [program],
  });
  const bun = join(modules, '.bin/bun');
  const deno = join(modules, '.bin/deno');
  return {
    runtimes: [
      nodeRuntime('node24', node),
      nodeRuntime('node22', join(modules, 'node22/bin/node')),
      // Bun would fetch by itself what a package forgot to depend on.
      { name: 'bun', bin: dirname(bun), command: [bun, '--no-install', 'run'] },
      { name: 'deno', bin: dirname(deno), command: [deno, 'run', '--allow-all', '--no-prompt'] },
    ],
    node20: join(modules, 'node20/bin'),
    pnpm: [node, join(modules, 'pnpm/bin/pnpm.cjs')],
    verdaccio: [node, join(modules, 'verdaccio/bin/verdaccio')],
    compilers: new Map([
      ['5.9', [node, join(modules, 'typescript-5.9/bin/tsc')]],
      ['6', [node, join(root, 'node_modules/typescript/bin/tsc')]],
      ['7', [node, join(modules, 'typescript-7/bin/tsc')]],
    ]),
  };
}
