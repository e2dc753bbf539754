import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import ts from 'typescript';
import { chromiumPath } from './lib/chromium.ts';
import { type Packed, packAll } from './lib/pack.ts';
import { main, mustRun } from './lib/run.ts';
import { serveFolder } from './lib/serve.ts';
import { publicEntries, readManifest, root } from './lib/workspace.ts';

/** An app copied out of the repository with the packed packages installed. */
interface App {
  readonly path: string;
  /** The packages of this repository installed in it. */
  readonly installed: readonly Packed[];
  readonly expected: string;
}

/** Copies `environments/<name>` to `folder` and installs what its package.json names, `@edmp/*` from the tarballs. */
async function install(name: string, folder: string, packed: readonly Packed[]): Promise<App> {
  const path = join(folder, name);
  await cp(join(root, 'environments', name), path, { recursive: true });
  await copyShared(path);
  const { dependencies = {}, devDependencies = {} } = readManifest(path);
  const ours = Object.keys(dependencies).filter((each) => each.startsWith('@edmp/'));
  // npm looks for what a tarball depends on in the registry, so the tarballs of those packages are named too.
  const needed = new Set(ours);
  for (const each of needed) {
    const { pkg } = find(packed, each);
    for (const inner of Object.keys(pkg.manifest.dependencies ?? {}))
      if (inner.startsWith('@edmp/')) needed.add(inner);
  }
  const installed = [...needed].map((each) => find(packed, each));
  const tarballs = installed.map(({ tarball }) => tarball);
  const others = Object.entries({ ...dependencies, ...devDependencies })
    .filter(([each]) => !each.startsWith('@edmp/'))
    .map(([each, range]) => `${each}@${range}`);
  await rm(join(path, 'package.json'));
  await cp(join(root, 'environments/blank.json'), join(path, 'package.json'));
  await mustRun('npm', ['install', '--no-audit', '--no-fund', '--no-progress', ...tarballs, ...others], {
    cwd: path,
  });
  return { path, installed, expected: await readFile(join(path, 'expected.txt'), 'utf8') };
}

/** Adds `environments/shared` to an app: as it is where there is a compiler, else as JavaScript. */
async function copyShared(path: string): Promise<void> {
  const shared = join(root, 'environments/shared');
  const compiles = (await readdir(path)).some((name) => name.startsWith('tsconfig'));
  for (const name of await readdir(shared)) {
    if (compiles) {
      await cp(join(shared, name), join(path, name));
      continue;
    }
    const compilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
    };
    const { outputText } = ts.transpileModule(await readFile(join(shared, name), 'utf8'), {
      compilerOptions,
    });
    await writeFile(join(path, name.replace(/\.ts$/, '.js')), outputText);
  }
}

function find(packed: readonly Packed[], name: string): Packed {
  const found = packed.find((each) => each.pkg.manifest.name === name);
  if (found === undefined) throw new Error(`${name} is not a publishable package of this repository`);
  return found;
}

/** How each environment is run. */
const environments: Readonly<Record<string, (app: App) => Promise<void>>> = {
  /** Plain JavaScript in Node. */
  'node-esm': async (app) => {
    requireOutput(app, await mustRun(process.execPath, ['main.js'], { cwd: app.path, timeoutMs: 60_000 }));
  },

  /** Type-checks strictly, declarations included, under three compilers and two module resolutions; then runs. */
  'tsc-only': async (app) => {
    const compilers = (await readdir(join(app.path, 'node_modules'))).filter((each) =>
      each.startsWith('typescript-'),
    );
    if (compilers.length !== 3)
      throw new Error(`three TypeScript versions expected, got ${compilers.join(', ')}`);
    await writeFile(join(app.path, 'entries.ts'), allEntries(app.installed));
    for (const compiler of compilers) {
      for (const project of ['tsconfig.nodenext.json', 'tsconfig.bundler.json']) {
        const tsc = join(app.path, 'node_modules', compiler, 'bin/tsc');
        await mustRun(process.execPath, [tsc, '-p', project], { cwd: app.path });
      }
      requireOutput(
        app,
        await mustRun(process.execPath, ['out/main.js'], { cwd: app.path, timeoutMs: 60_000 }),
      );
      await rm(join(app.path, 'out'), { recursive: true });
    }
  },

  /** Bundles for the browser with Vite and runs the page in headless Chromium, cut off from other hosts. */
  'vite-browser': async (app) => {
    await mustRun(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'], {
      cwd: app.path,
    });
    const server = await serveFolder(join(app.path, 'dist'));
    try {
      requireOutput(app, await pageOutput(server.url));
    } finally {
      await server.close();
    }
  },
};

/** A module that names every public entry, so that each one's declarations are checked. */
function allEntries(installed: readonly Packed[]): string {
  const needsPeers = ['./libp2p', './testing'];
  const specifiers = installed.flatMap(({ pkg }) =>
    publicEntries(pkg.manifest)
      .filter(({ subpath }) => !needsPeers.includes(subpath))
      .map(({ subpath }) => pkg.manifest.name + subpath.slice(1)),
  );
  return specifiers.map((specifier, index) => `export * as entry${index} from '${specifier}';\n`).join('');
}

function requireOutput(app: App, output: string): void {
  if (output.trimEnd() !== app.expected.trimEnd()) {
    throw new Error(`expected it to print\n${app.expected}\nbut it printed\n${output}`);
  }
}

/** Opens the page and gives the text of its `#output` once the page sets `data-done` on it. */
async function pageOutput(url: string): Promise<string> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    throw new Error('no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH');
  }
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`console error: ${message.text()}`);
    });
    await page.route(
      (target) => !target.href.startsWith(url),
      (route) => {
        problems.push(`the page asked for ${route.request().url()}`);
        return route.abort();
      },
    );
    await page.goto(url);
    await page.waitForSelector('#output[data-done]', { timeout: 30_000 }).catch((error: unknown) => {
      problems.push(error instanceof Error ? error.message : String(error));
    });
    if (problems.length > 0) throw new Error(problems.join('\n'));
    return (await page.textContent('#output')) ?? '';
  } finally {
    await browser.close();
  }
}

/**
 * Installs the packed packages into each app of `environments/`, outside the workspace, as a third party would, and
 * runs it: what it prints must be its `expected.txt`. Builds first, unless `--no-build` is given; other arguments name
 * the environments to check (default: all).
 */
await main('check-environments', async () => {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  if (!process.argv.includes('--no-build')) await mustRun('node', ['scripts/build.ts']);
  const folder = await mkdtemp(join(tmpdir(), 'edmp-environments-'));
  try {
    const packed = await packAll(folder);
    const failures: string[] = [];
    for (const [name, check] of Object.entries(environments)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const start = performance.now();
      try {
        const app = await install(name, folder, packed);
        await check(app);
        process.stdout.write(`${name}: ok in ${Math.round(performance.now() - start)} ms\n`);
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (failures.length > 0) throw new Error(failures.join('\n'));
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
});
