import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { mustRun } from '../../scripts/lib/run.ts';
import { bundledPackages, type Licensed, thirdPartyText } from '../../scripts/lib/third-party.ts';
import { readManifest } from '../../scripts/lib/workspace.ts';

const here = import.meta.dirname;
const dist = join(here, 'dist');
const web = join(here, '../web');

/** Names stay readable, for stack traces; there are no maps. */
const common: BuildOptions = {
  absWorkingDir: here,
  outdir: dist,
  outbase: join(here, 'src'),
  bundle: true,
  format: 'esm',
  conditions: ['edmp-source', 'module'],
  define: { EDMP_VERSION: JSON.stringify(readManifest(here).version) },
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

/**
 * Builds `@edmp/node` into `dist/`: the program, its thread that reads meter files and the entry for programs as one bundle in parts that are loaded when
 * they are needed, the typed client as one file that also runs in browsers, their declarations, the web page, and the
 * licences of all that is inside. Nothing that it needs at run time is left to be installed.
 */
async function buildNode(): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  const [page] = await Promise.all([buildPage(), declarations()]);
  const program = await build({
    ...common,
    entryPoints: ['src/cli/main.ts', 'src/index.ts', 'src/meters/reading/main.ts'],
    platform: 'node',
    target: 'node22.13',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    // The MQTT client brings Node's streams for browsers, 150 kB of them; here are Node's.
    alias: { 'readable-stream': 'node:stream' },
    // Some dependencies are CommonJS and ask for Node's modules by `require`.
    banner: {
      js: "import{createRequire as edmpRequire}from'node:module';const require=edmpRequire(import.meta.url);",
    },
  });
  const client = await build({
    ...common,
    entryPoints: ['src/client.ts'],
    platform: 'browser',
    target: 'es2023',
  });
  for (const { metafile } of [program, client]) await plainNames(Object.keys(metafile?.outputs ?? {}));
  const inputs = [program, client].flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
  const packages = await bundledPackages(inputs.map((input) => join(here, input)));
  await writeFile(join(dist, 'THIRD-PARTY.txt'), thirdPartyText([...packages, ...page]));
}

/** CommonJS modules are named in the bundle by where this machine has them: `../../node_modules/.pnpm/x@1/node_modules/x`. */
async function plainNames(outputs: readonly string[]): Promise<void> {
  for (const output of outputs) {
    const file = join(here, output);
    const text = await readFile(file, 'utf8');
    const plain = text.replace(/"(?:\.\.\/)*node_modules\/(?:\.pnpm\/[^/"]+\/node_modules\/)?/g, '"');
    if (plain !== text) await writeFile(file, plain);
  }
}

/** Builds the page, unless what is there is fresh, and copies it; gives the packages in it. */
async function buildPage(): Promise<readonly Licensed[]> {
  await mustRun(process.execPath, ['--conditions=edmp-source', 'build.ts'], { cwd: web });
  const visible = (path: string): boolean => !basename(path).startsWith('.');
  await cp(join(web, 'dist'), join(dist, 'web'), { recursive: true, filter: visible });
  return JSON.parse(await readFile(join(web, 'dist/.licences.json'), 'utf8')) as Licensed[];
}

/** One declaration file for each entry, with what they share in others; all that they name is in them. */
async function declarations(): Promise<void> {
  const bundle = await rollup({
    input: { index: join(here, 'src/index.ts'), client: join(here, 'src/client.ts') },
    external: /^node:/,
    plugins: [
      dts({
        tsconfig: join(here, 'tsconfig.json'),
        respectExternal: true,
        compilerOptions: {
          composite: false,
          incremental: false,
          declarationMap: false,
          noEmit: false,
          // The libraries as they were built: declarations made anew from their sources took 4 GB and half a minute.
          customConditions: [],
        },
      }),
    ],
    onwarn(warning) {
      throw new Error(warning.message);
    },
  });
  const { output } = await bundle.write({
    dir: dist,
    format: 'es',
    entryFileNames: '[name].d.ts',
    chunkFileNames: 'types/[name].d.ts',
  });
  await bundle.close();
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue;
    const outside = chunk.imports.filter((name) => !name.startsWith('node:') && !/\.d\.ts$/.test(name));
    if (outside.length > 0)
      throw new Error(`${chunk.fileName} names types of ${outside.join(', ')}, which nobody will have`);
  }
}

await buildNode();
