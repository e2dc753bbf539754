import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { main } from './lib/run.ts';
import { root } from './lib/workspace.ts';

/** Largest gzip size of the core, in bytes. */
const CORE_LIMIT = 40_000;
/** Largest gzip size of the market's root entry with all that it needs but a crypto provider, in bytes. */
const MARKET_LIMIT = 120_000;

/** Entries that a page loads together, everything they export included. */
interface Bundle {
  readonly name: string;
  readonly entries: readonly string[];
  /** Most bytes after gzip. */
  readonly limit?: number;
}

const core = '@edmp/trustchain';
const bundles: readonly Bundle[] = [
  { name: 'core', entries: [core], limit: CORE_LIMIT },
  { name: 'core, noble', entries: [core, '@edmp/interface/crypto/noble'] },
  {
    name: 'core, WebCrypto and noble, IndexedDB',
    entries: [core, '@edmp/interface/crypto/web', '@edmp/trustchain/indexeddb'],
  },
  { name: 'market', entries: ['@edmp/market'], limit: MARKET_LIMIT },
];

/** Sizes in bytes of a bundle as a browser would get it. Throws when something in it needs Node. */
async function sizes({ entries }: Bundle): Promise<{ minified: number; gzip: number }> {
  const { outputFiles } = await build({
    stdin: {
      contents: entries.map((entry) => `export * from '${entry}';`).join('\n'),
      // The one package that finds them all.
      resolveDir: `${root}/packages/node`,
    },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    conditions: ['edmp-source'],
    legalComments: 'none',
    logLevel: 'silent',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`esbuild wrote no bundle of ${entries.join(', ')}`);
  return { minified: file.contents.length, gzip: gzipSync(file.contents, { level: 9 }).length };
}

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

/**
 * Prints how large the core is in a browser, alone and with a crypto provider and a store. Exits with 1 when the core
 * without a crypto provider takes more than 40 kB after gzip, or when any of it needs Node.
 */
await main('bundle-size', async () => {
  const over: string[] = [];
  for (const bundle of bundles) {
    const { minified, gzip } = await sizes(bundle);
    const { limit } = bundle;
    const bound = limit === undefined ? '' : `, at most ${kilobytes(limit)}`;
    process.stdout.write(
      `${bundle.name}: ${kilobytes(minified)} minified, ${kilobytes(gzip)} gzip${bound}\n`,
    );
    if (limit !== undefined && gzip > limit) {
      over.push(
        `${bundle.name} is ${kilobytes(gzip - limit)} too large; move what not every page needs to an entry of its own`,
      );
    }
  }
  if (over.length > 0) throw new Error(over.join('\n'));
});
