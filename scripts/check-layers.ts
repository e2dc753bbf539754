import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ambientBreaches } from './lib/ambient-rule.ts';
import { anyEntry, type Layer, layers, maxLines, suites, testTools } from './lib/layers.ts';
import { main } from './lib/run.ts';
import { type ModuleFacts, readModule } from './lib/source-facts.ts';
import { type Package, publicEntries, root, workspacePackages } from './lib/workspace.ts';

/** Facts of every file read so far, by path. */
const facts = new Map<string, ModuleFacts>();

/** Holds sources and package.json files to the table in `lib/layers.ts`; lists every breach and exits non-zero. */
await main('check-layers', async () => {
  const packages = workspacePackages();
  const breaches = [
    ...packages.flatMap((pkg) => checkManifest(pkg)),
    ...packages.flatMap((pkg) => checkSources(pkg)),
    ...packages.flatMap((pkg) => checkRooms(pkg)),
    ...packages.flatMap((pkg) => checkEntries(pkg, packages)),
  ];
  if (breaches.length > 0) {
    throw new Error(`${breaches.length} breach(es) of the architecture\n  ${breaches.join('\n  ')}`);
  }
  process.stdout.write(`check-layers: ${packages.length} packages, ${facts.size} files, no breach\n`);
});

function layerOf(pkg: Package): Layer {
  const layer = layers.find((each) => each.folder === pkg.folder);
  if (layer === undefined) {
    throw new Error(
      `packages/${pkg.folder} is not in scripts/lib/layers.ts: add it with the packages it may import`,
    );
  }
  return layer;
}

/** Dependencies on packages of the repository follow the arrows. */
function checkManifest(pkg: Package): string[] {
  const layer = layerOf(pkg);
  const { dependencies, peerDependencies, devDependencies } = pkg.manifest;
  const breaches: string[] = [];
  const check = (names: readonly string[], allowed: readonly string[], field: string): void => {
    for (const name of names.filter((each) => each.startsWith('@edmp/') && !allowed.includes(each))) {
      breaches.push(
        `packages/${pkg.folder}/package.json: ${field} must not name ${name} (may: ${list(allowed)})`,
      );
    }
  };
  check(Object.keys({ ...dependencies, ...peerDependencies }), layer.mayImport, 'dependencies');
  check(
    Object.keys(devDependencies ?? {}),
    [...layer.mayImport, ...(layer.testsMayImport ?? [])],
    'devDependencies',
  );
  if (pkg.manifest.name === suites) return breaches;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies })) {
    if (testTools.includes(name)) {
      breaches.push(
        `packages/${pkg.folder}/package.json: must not name ${name}: the root's manifest does, for all tests`,
      );
    }
  }
  return breaches;
}

/** Imports follow the arrows, protocol code and the page use no ambient clock, files stay short. */
function checkSources(pkg: Package): string[] {
  const layer = layerOf(pkg);
  const breaches: string[] = [];
  for (const folder of ['src', 'test']) {
    const test = folder === 'test';
    const allowed = [
      ...layer.mayImport,
      ...(test ? [pkg.manifest.name, suites, ...(layer.testsMayImport ?? [])] : []),
    ];
    for (const path of sourceFiles(join(pkg.path, folder))) {
      const where = relative(root, path);
      const module = factsOf(path);
      if (module.lines > maxLines)
        breaches.push(`${where}: ${module.lines} lines, at most ${maxLines}: split it by concept`);
      for (const { specifier, line } of module.imports) {
        const name = packageName(specifier);
        if (name.startsWith('@edmp/') && !allowed.includes(name)) {
          breaches.push(
            `${where}:${line}: imports ${specifier}; ${folder} of ${pkg.manifest.name} may import ${list(allowed)}`,
          );
        }
        const outside =
          specifier.startsWith('.') && relative(pkg.path, join(dirname(path), specifier)).startsWith('..');
        if (outside && !test) {
          breaches.push(
            `${where}:${line}: imports ${specifier} from outside its package: import it by package name`,
          );
        }
      }
      if (!test) breaches.push(...ambientBreaches(layer, where, module));
    }
  }
  return breaches;
}

/** Inside a package that has rooms no import, of types either, runs back up. */
function checkRooms(pkg: Package): string[] {
  const { rooms } = layerOf(pkg);
  if (rooms === undefined) return [];
  const breaches: string[] = [];
  const src = join(pkg.path, 'src');
  for (const path of sourceFiles(src)) {
    const where = relative(root, path);
    const from = roomOf(relative(src, path), rooms);
    if (from === undefined) {
      breaches.push(`${where}: in no room of ${pkg.manifest.name}: add it to scripts/lib/layers.ts`);
      continue;
    }
    for (const { specifier, line } of factsOf(path).imports) {
      if (!specifier.startsWith('.')) continue;
      const target = relative(src, join(dirname(path), specifier));
      const to = roomOf(target, rooms);
      if (to !== undefined && to < from) {
        breaches.push(
          `${where}:${line}: imports ${target} from a room above its own: pass it in, or move it down`,
        );
      }
    }
  }
  return breaches;
}

/** Position of a file's room, highest = 0; undefined when no room names it. */
function roomOf(path: string, rooms: readonly (readonly string[])[]): number | undefined {
  let found: { readonly room: number; readonly length: number } | undefined;
  for (const [room, prefixes] of rooms.entries()) {
    for (const prefix of prefixes) {
      const fits = prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix;
      if (fits && prefix.length > (found?.length ?? -1)) found = { room, length: prefix.length };
    }
  }
  return found?.room;
}

/** Core entries reach neither `node:` modules nor optional peers, not even through another package. */
function checkEntries(pkg: Package, packages: readonly Package[]): string[] {
  const layer = layerOf(pkg);
  const breaches: string[] = [];
  for (const entry of publicEntries(pkg.manifest)) {
    if (layer.platformEntries.includes(anyEntry) || layer.platformEntries.includes(entry.subpath)) continue;
    const start = join(pkg.path, entry.source);
    const from = new Map<string, string | undefined>([[start, undefined]]);
    for (const path of from.keys()) {
      const owner = packages.find((each) => path.startsWith(`${each.path}/`));
      if (owner === undefined || !existsSync(path)) continue;
      for (const { specifier, line } of factsOf(path).imports) {
        const name = packageName(specifier);
        const optional = owner.manifest.peerDependenciesMeta?.[name]?.optional === true;
        if (specifier.startsWith('node:') || optional) {
          const what = optional ? `the optional peer ${specifier}` : specifier;
          breaches.push(
            `${pkg.manifest.name} "${entry.subpath}" reaches ${what}: ${[...chain(from, path)].join(' → ')}:${line}; ` +
              'move it to a subpath of its own (scripts/lib/layers.ts, platformEntries)',
          );
        }
        const target = resolveImport(specifier, path, packages);
        if (target !== undefined && !from.has(target)) from.set(target, path);
      }
    }
  }
  return breaches;
}

/** The files on the way from an entry to `path`. */
function chain(from: ReadonlyMap<string, string | undefined>, path: string): string[] {
  const before = from.get(path);
  return [...(before === undefined ? [] : chain(from, before)), relative(root, path)];
}

/** The source file that an import inside the repository names; undefined for third parties' modules. */
function resolveImport(
  specifier: string,
  importer: string,
  packages: readonly Package[],
): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(importer), specifier);
  const name = packageName(specifier);
  const pkg = packages.find((each) => each.manifest.name === name);
  if (pkg === undefined) return undefined;
  const subpath = `.${specifier.slice(name.length)}`;
  const entry = publicEntries(pkg.manifest).find((each) => each.subpath === subpath);
  return entry === undefined ? undefined : join(pkg.path, entry.source);
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function sourceFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    return [];
  }
}

function factsOf(path: string): ModuleFacts {
  let known = facts.get(path);
  if (known === undefined) {
    known = readModule(path, readFileSync(path, 'utf8'));
    facts.set(path, known);
  }
  return known;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'nothing of @edmp' : names.join(', ');
}
