import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** A program as a browser loads it. */
export interface PageBundle {
  readonly script: string;
  /** Files that it was made of. */
  readonly inputs: readonly string[];
  readonly minifiedBytes: number;
  readonly gzipBytes: number;
}

/** What a page has not installed, or never loads. */
const EXTERNAL = ['@libp2p/tcp'];

/** Bundles a program for browsers. Throws when any of it needs Node. */
export async function bundlePage(
  source: { readonly file: string } | { readonly text: string; readonly folder: string },
): Promise<PageBundle> {
  const { outputFiles, metafile } = await build({
    ...('file' in source
      ? { entryPoints: [source.file] }
      : { stdin: { contents: source.text, resolveDir: source.folder, sourcefile: 'page.ts' } }),
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['edmp-source', 'module'],
    external: EXTERNAL,
    logLevel: 'silent',
  });
  const script = outputFiles[0]?.text ?? '';
  return {
    script,
    inputs: Object.keys(metafile?.inputs ?? {}),
    minifiedBytes: Buffer.byteLength(script),
    gzipBytes: gzipSync(script, { level: 9 }).length,
  };
}

/** Serves a page of one script at a loopback address, a secure origin, until it is closed. */
export async function servePage(script: string): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the page is not served');
  return { url: `http://127.0.0.1:${address.port}/`, server };
}
