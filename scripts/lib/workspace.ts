import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The repository's root folder. */
export const root: string = resolve(import.meta.dirname, '../..');

/** The parts of a package.json that the scripts read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** One package of the workspace. */
export interface Package {
  /** Folder name under `packages/`. */
  readonly folder: string;
  /** Absolute path. */
  readonly path: string;
  readonly manifest: Manifest;
}

/** Every package under `packages/`, those it depends on first. Throws when the dependencies form a circle. */
export function workspacePackages(): Package[] {
  const packages = readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry): Package => {
      const path = join(root, 'packages', entry.name);
      return { folder: entry.name, path, manifest: readManifest(path) };
    });
  const byName = new Map(packages.map((pkg) => [pkg.manifest.name, pkg]));
  const ordered: Package[] = [];
  const open = new Set<string>();
  const visit = (pkg: Package): void => {
    if (ordered.includes(pkg)) return;
    if (open.has(pkg.manifest.name))
      throw new Error(`packages depend on each other in a circle: ${[...open].join(' → ')}`);
    open.add(pkg.manifest.name);
    for (const name of Object.keys({ ...pkg.manifest.dependencies, ...pkg.manifest.peerDependencies })) {
      const dependency = byName.get(name);
      if (dependency !== undefined) visit(dependency);
    }
    open.delete(pkg.manifest.name);
    ordered.push(pkg);
  };
  for (const pkg of packages) visit(pkg);
  return ordered;
}

/** The packages that are published, those they depend on first. */
export function publishablePackages(): Package[] {
  return workspacePackages().filter((pkg) => pkg.manifest.private !== true);
}

/** Whether a package is built by a `build.ts` of its own, with the libraries that it uses inside. */
export function isApplication(pkg: Package): boolean {
  return existsSync(join(pkg.path, 'build.ts'));
}

/** Reads `<path>/package.json`. */
export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest;
}

/** A public entry of a package: what a third party may import, and its source. */
export interface Entry {
  /** `.`, `./sqlite`, … */
  readonly subpath: string;
  /** Path from the package folder, `src/sqlite.ts`. */
  readonly source: string;
  /** Built file without folder `dist/` and extension, `sqlite`. */
  readonly output: string;
}

/**
 * The public entries that a package.json declares; one that has a source only is for this repository alone and left out,
 * as it is when the package is packed (`.pnpmfile.cjs`). Throws when a declaration does not follow the repository's
 * pattern.
 */
export function publicEntries(manifest: Manifest): Entry[] {
  const entries: Entry[] = [];
  for (const [subpath, target] of Object.entries(manifest.exports ?? {})) {
    if (typeof target === 'string') continue;
    if (Object.keys(target).join() === 'edmp-source') continue;
    const source = target['edmp-source'];
    const built = target.default;
    const output = built?.match(/^\.\/dist\/(.+)\.js$/)?.[1];
    if (source === undefined || output === undefined || target.types !== `./dist/${output}.d.ts`) {
      throw new Error(
        `${manifest.name}: exports["${subpath}"] must be { "edmp-source": "./src/x.ts", "types": "./dist/x.d.ts", ` +
          `"default": "./dist/x.js" }, got ${JSON.stringify(target)}`,
      );
    }
    entries.push({ subpath, source: source.replace(/^\.\//, ''), output });
  }
  return entries;
}
