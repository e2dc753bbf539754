import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import { root } from './workspace.ts';

/** What a bundle weighs in bytes. */
export interface Size {
  readonly minified: number;
  readonly gzip: number;
}

/** How to measure. */
export interface SizeOptions {
  /** Packages whose code is not counted. */
  readonly external?: readonly string[];
}

/** How a bundler for browsers is set up; `conditions` as in package.json exports. */
const options: BuildOptions = {
  bundle: true,
  write: false,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  legalComments: 'none',
  logLevel: 'silent',
};

/**
 * What a browser would get of a module, from the packages as they are built: run `scripts/build.ts` first. Throws when
 * something in it needs Node.
 */
export async function sizeOfModule(contents: string, { external = [] }: SizeOptions = {}): Promise<Size> {
  const { outputFiles } = await build({
    ...options,
    external: [...external],
    // The one package that finds them all.
    stdin: { contents, resolveDir: `${root}/packages/node` },
  });
  const [file] = outputFiles ?? [];
  if (file === undefined) throw new Error(`esbuild wrote no bundle of ${contents}`);
  return { minified: file.contents.length, gzip: gzipSync(file.contents, { level: 9 }).length };
}
