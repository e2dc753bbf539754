import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Packed, packAll } from '../lib/pack.ts';
import { main, mustRun } from '../lib/run.ts';
import { publishablePackages } from '../lib/workspace.ts';
import { checkBrowser } from './check-browser.ts';
import { CommandCheck } from './check-command.ts';
import { checkImports, checkProvider, installedEntries } from './check-imports.ts';
import { chain, checkProgram, node, several, trade } from './check-programs.ts';
import { checkReadme } from './check-readmes.ts';
import { checkTarball } from './check-tarballs.ts';
import { checkTypes } from './check-types.ts';
import { type Figures, judgeFigures, withFigures } from './figures.ts';
import { copyPrograms, emptyFolder, type Folder, installWithNpm, installWithPnpm } from './folders.ts';
import { type Registry, startRegistry } from './registry.ts';
import { Report, table, together } from './report.ts';
import { installTools, type Tools } from './tools.ts';

/** A package as published, installed alone in a folder of its own. */
interface Alone {
  readonly name: string;
  readonly folder: Folder;
  readonly figures: Figures;
}

/** What can be asked for alone by `--only`. */
const parts = ['tarballs', 'alone', 'together', 'command'] as const;
type Part = (typeof parts)[number];

/** Everything of one run. */
interface Gate {
  readonly report: Report;
  readonly tools: Tools;
  readonly registry: Registry;
  readonly packed: readonly Packed[];
  /** Folder for everything that is thrown away afterwards. */
  readonly work: string;
}

/** Publishes each package, and installs each with npm into an empty folder. */
async function installAlone({ report, tools, registry, packed, work }: Gate): Promise<Alone[]> {
  const [newest] = tools.runtimes;
  const sizes = new Map<string, { readonly packed: number; readonly unpacked: number }>();
  for (const { pkg, tarball } of packed) {
    const { name } = pkg.manifest;
    const facts = await report.check(
      `publish  ${name}`,
      () => registry.publish(tarball),
      ({ files }) => `${files} files`,
    );
    if (facts !== undefined) sizes.set(name, facts);
  }
  const alone: Alone[] = [];
  for (const { pkg } of packed) {
    const { name, version } = pkg.manifest;
    const size = sizes.get(name);
    if (size === undefined || newest === undefined) continue;
    const folder = await report.check(
      `install  ${name}  npm`,
      async () => {
        const path = [newest.bin];
        const empty = await emptyFolder(work, pkg.folder, registry.npmrc, path, { [name]: version });
        const installed = await installWithNpm(empty);
        await copyPrograms(installed);
        return installed;
      },
      ({ packages }) => `${packages} packages`,
    );
    if (folder !== undefined) alone.push({ name, folder, figures: { ...size, packages: folder.packages } });
  }
  return alone;
}

/** Imports every entry of each package where nothing else is installed, and runs what needs nothing else. */
async function checkAlone({ report, tools }: Gate, alone: readonly Alone[]): Promise<void> {
  const tasks = alone.flatMap(({ name, folder }) =>
    tools.runtimes.map((runtime) => async () => {
      await checkImports(report, runtime, folder, 'alone', installedEntries(folder.path, name));
      if (name === '@edmp/interface') await checkProvider(report, runtime, folder);
      if (name === '@edmp/node') await checkProgram(report, runtime, folder, node);
    }),
  );
  await together(2, tasks);
}

/** Installs all packages and every peer of theirs with pnpm into one folder, and runs there what needs them together. */
async function installTogether({ report, tools, registry, packed, work }: Gate): Promise<Folder | undefined> {
  const [newest] = tools.runtimes;
  if (newest === undefined) return undefined;
  const dependencies: Record<string, string> = { '@types/node': '24.19.2' };
  for (const { pkg } of packed) Object.assign(dependencies, pkg.manifest.peerDependencies);
  for (const { pkg } of packed) dependencies[pkg.manifest.name] = pkg.manifest.version;
  return report.check(
    'install  all and their peers  pnpm',
    async () => {
      const empty = await emptyFolder(work, 'together', registry.npmrc, [newest.bin], dependencies);
      const installed = await installWithPnpm(empty, tools.pnpm);
      await copyPrograms(installed);
      return installed;
    },
    ({ packages }) => `${packages} packages`,
  );
}

/** Imports, programs, types, READMEs and the page, in the folder that has everything. */
async function checkTogether({ report, tools, packed }: Gate, folder: Folder): Promise<void> {
  const entries = packed.flatMap(({ pkg }) => installedEntries(folder.path, pkg.manifest.name));
  await together(
    2,
    tools.runtimes.map((runtime) => async () => {
      await checkImports(report, runtime, folder, 'with peers', entries);
      for (const program of [chain, trade, several]) await checkProgram(report, runtime, folder, program);
    }),
  );
  await checkBrowser(report, folder);
  // On the oldest Node as well: it reads less of the language than the newest.
  for (const runtime of tools.runtimes.filter(({ name }) => name.startsWith('node'))) {
    for (const { pkg } of packed) await checkReadme(report, runtime, folder, pkg);
  }
  await checkTypes(report, tools, folder, entries);
}

/** `npx` on each Node; gives how long it took to the first page on the newest. */
async function checkCommand({ report, tools, registry, packed, work }: Gate): Promise<number | undefined> {
  const application = packed.find(({ pkg }) => pkg.manifest.name === '@edmp/node');
  if (application === undefined) return undefined;
  const command = new CommandCheck(report, work, registry.npmrc);
  const nodes = tools.runtimes.filter(({ name }) => name.startsWith('node'));
  const [newest] = nodes;
  if (newest === undefined) return undefined;
  // Alone, because its time is told.
  const toPage = await command.start(newest.name, newest.bin);
  const { version } = application.pkg.manifest;
  const withNode24 = ['-y', '-p', 'node@24', '-p', `@edmp/node@${version}`, 'edmp'];
  await together(2, [
    () => command.demo('node20', tools.node20, withNode24),
    ...nodes.map(
      ({ name, bin }) =>
        () =>
          command.demo(name, bin, ['-y', '@edmp/node']),
    ),
    async () => {
      for (const { name, bin } of nodes.slice(1)) await command.start(name, bin);
      await command.refusesOldNode('node20', tools.node20);
    },
  ]);
  return toPage;
}

/** Puts the figures into the READMEs, or says where they are off. */
async function checkFigures(
  { report, packed }: Gate,
  alone: readonly Alone[],
  write: boolean,
): Promise<void> {
  for (const { pkg } of packed) {
    const figures = alone.find(({ name }) => name === pkg.manifest.name)?.figures;
    if (figures === undefined) continue;
    const file = join(pkg.path, 'README.md');
    await report.check(`figures  ${pkg.manifest.name}`, async () => {
      const readme = await readFile(file, 'utf8');
      const complaint = write ? undefined : judgeFigures(readme, figures);
      if (complaint !== undefined) throw new Error(complaint);
      if (write) await writeFile(file, withFigures(readme, figures));
    });
  }
}

function figuresTable(alone: readonly Alone[]): string {
  const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0);
  return table([
    ['package', 'packed kB', 'unpacked kB', 'packages', 'npm install, cold s'],
    ...alone.map(({ name, figures, folder }) => [
      name,
      kilobytes(figures.packed),
      kilobytes(figures.unpacked),
      String(figures.packages),
      (folder.installMs / 1000).toFixed(1),
    ]),
  ]);
}

/**
 * Packs every publishable package, publishes the tarballs to a registry on loopback, and does with them what their users
 * do, in empty folders with an empty home: install, import, run, type-check, bundle, start. Builds first, unless
 * `--no-build` is given; `--write` puts sizes and counts into the READMEs; `--keep` leaves the folders where they are;
 * `--only PART`, once or more, checks only that.
 */
await main('shipped', async () => {
  const begun = performance.now();
  const { values: options } = parseArgs({
    options: {
      'no-build': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [...parts] },
    },
  });
  const unknown = options.only.filter((part) => !parts.some((known) => known === part));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(', ')}: expected ${parts.join(', ')}`);
  const wants = (part: Part): boolean => options.only.includes(part);
  const report = new Report((text) => process.stdout.write(text));
  if (!options['no-build']) {
    await report.check('build', () => mustRun('node', ['scripts/build.ts']));
    if (report.failures.length > 0) throw new Error('nothing to ship');
  }
  const work = await mkdtemp(join(tmpdir(), 'edmp-shipped-'));
  let registry: Registry | undefined;
  try {
    const tools = await installTools();
    for (const { path, manifest } of publishablePackages()) {
      if (!existsSync(join(path, 'dist')))
        throw new Error(`${manifest.name} is not built: leave out --no-build`);
    }
    const packed = await packAll(work);
    const [newest] = tools.runtimes;
    const user = { home: join(work, 'publisher'), path: newest === undefined ? [] : [newest.bin] };
    registry = await startRegistry(tools.verdaccio, join(work, 'registry'), user);
    const gate: Gate = { report, tools, registry, packed, work };
    if (wants('tarballs')) for (const each of packed) await checkTarball(report, each);
    const alone = await installAlone(gate);
    if (wants('alone')) await checkAlone(gate, alone);
    const all = wants('together') ? await installTogether(gate) : undefined;
    if (all !== undefined) await checkTogether(gate, all);
    const toPage = wants('command') ? await checkCommand(gate) : undefined;
    await checkFigures(gate, alone, options.write);
    report.say(`\n${figuresTable(alone)}\n`);
    if (toPage !== undefined)
      report.say(`npx @edmp/node start: ${(toPage / 1000).toFixed(1)} s to the page, cold\n`);
    report.say('\n');
    for (const failure of report.failures) report.say(`failed: ${failure.split('\n')[0]}\n`);
    const summary = {
      ok: report.failures.length === 0,
      checks: report.checks,
      failed: report.failures.length,
      packages: alone.length,
      runtimes: tools.runtimes.map(({ name }) => name),
      seconds: Math.round((performance.now() - begun) / 1000),
    };
    report.say(`${JSON.stringify(summary)}\n`);
  } finally {
    await registry?.stop();
    if (options.keep) report.say(`kept: ${work}\n`);
    else await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
  if (report.failures.length > 0) process.exitCode = 1;
});
