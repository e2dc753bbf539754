import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustRun } from '../../scripts/lib/run.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const stamp = join(dist, '.inputs');
const turn = join(here, 'node_modules', '.building');
/** How long another process may build, ms: a build takes seconds, on a busy machine perhaps a minute. */
const TURN_MS = 120_000;
const INPUTS = [
  'index.html',
  'build.ts',
  'vite.config.ts',
  'package.json',
  'public',
  'src',
  '../node/src/api',
  '../node/src/client',
  '../node/src/client.ts',
  '../node/src/service',
  '../node/src/service.ts',
  '../node/src/http',
  '../node/src/verify.ts',
  '../trader/src/deal',
  '../market/src',
  '../data-settlement/src',
  '../trustchain/src/block',
  '../interface/src',
];

/** Builds the GUI into `packages/web/dist` unless what is there was built from the same files. Returns the folder. */
export async function buildWeb(): Promise<{ readonly directory: string; readonly built: boolean }> {
  const inputs = await fingerprint();
  if (await isBuiltFrom(inputs)) return { directory: dist, built: false };
  const unlock = await takeTurn();
  try {
    // Another process may have built the same meanwhile.
    if (await isBuiltFrom(inputs)) return { directory: dist, built: false };
    await bundle();
    await writeFile(stamp, inputs);
    return { directory: dist, built: true };
  } finally {
    await unlock();
  }
}

/**
 * Bundles the page in a process of its own that always counts as production: with the NODE_ENV of a test, what is built
 * has every element's source file and line in it, by the paths of the machine.
 */
async function bundle(): Promise<void> {
  await mustRun('vite', ['build', '--logLevel', 'warn'], { cwd: here, env: { NODE_ENV: 'production' } });
}

async function isBuiltFrom(inputs: string): Promise<boolean> {
  const previous = await readFile(stamp, 'utf8').catch(() => '');
  return previous === inputs && (await stat(join(dist, 'index.html')).catch(() => undefined)) !== undefined;
}

/**
 * Waits until no other process builds. A turn that this process has seen standing for `TURN_MS` was left behind by a
 * killed one; the clocks of the processes and of the disk need not agree for that.
 */
async function takeTurn(): Promise<() => Promise<void>> {
  const release = (): Promise<void> => rm(turn, { recursive: true, force: true });
  let seen: number | undefined;
  let since = performance.now();
  for (;;) {
    try {
      await mkdir(turn);
      return release;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const taken = (await stat(turn).catch(() => undefined))?.mtimeMs;
    if (taken !== seen) {
      seen = taken;
      since = performance.now();
    } else if (taken !== undefined && performance.now() - since > TURN_MS) await release();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    for (const file of await filesOf(join(here, input))) {
      hash
        .update(`${relative(here, file)}\0`)
        .update(await readFile(file))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

async function filesOf(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

if (import.meta.main) await buildWeb();
