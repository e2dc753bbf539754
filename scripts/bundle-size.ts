import { main } from './lib/run.ts';
import { type Size, sizeOf, sizeOfModule } from './lib/size.ts';

/** Largest gzip size of the core, in bytes. */
const CORE_LIMIT = 40_000;
/** Largest gzip size of the market's root entry with all that it needs but a crypto provider, in bytes. */
const MARKET_LIMIT = 120_000;
/** Largest gzip size of one function of a package that needs nothing else of it, in bytes. */
const FUNCTION_LIMIT = 1_000;
/** Largest gzip size of the typed client, all of the schemas that it checks answers with included, in bytes. */
const CLIENT_LIMIT = 40_000;

/** What a page may load. */
interface Bundle {
  readonly name: string;
  readonly size: () => Promise<Size>;
  /** Most bytes after gzip. */
  readonly limit?: number;
}

/** Entries that a page loads together, everything they export included. */
const all =
  (...entries: readonly string[]) =>
  (): Promise<Size> =>
    sizeOfModule(entries.map((entry) => `export * from '${entry}';`).join('\n'));

const core = '@edmp/trustchain';
const bundles: readonly Bundle[] = [
  { name: 'core', size: all(core), limit: CORE_LIMIT },
  { name: 'core, noble', size: all(core, '@edmp/interface/crypto/noble') },
  {
    name: 'core, WebCrypto and noble, IndexedDB',
    size: all(core, '@edmp/interface/crypto/web', '@edmp/trustchain/indexeddb'),
  },
  { name: 'market', size: all('@edmp/market'), limit: MARKET_LIMIT },
  {
    name: '{ price } of market',
    size: () => sizeOf('@edmp/market', ['price']),
    limit: FUNCTION_LIMIT,
  },
  {
    name: '{ EdmpError } of interface',
    size: () => sizeOf('@edmp/interface', ['EdmpError']),
    limit: FUNCTION_LIMIT,
  },
  { name: 'client of a node', size: all('@edmp/node/client'), limit: CLIENT_LIMIT },
];

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

/**
 * Prints how much a browser loads of the built packages: of the core, alone and with a crypto provider and a store, of
 * the market, of one function, of the client. Exits with 1 when one is above its limit, or when any of it needs Node.
 */
await main('bundle-size', async () => {
  const over: string[] = [];
  for (const { name, size, limit } of bundles) {
    const { minified, gzip } = await size();
    const bound = limit === undefined ? '' : `, at most ${kilobytes(limit)}`;
    process.stdout.write(`${name}: ${kilobytes(minified)} minified, ${kilobytes(gzip)} gzip${bound}\n`);
    if (limit !== undefined && gzip > limit) {
      over.push(
        `${name} is ${kilobytes(gzip - limit)} too large; move what not every page needs to an entry or a file of its own`,
      );
    }
  }
  if (over.length > 0) throw new Error(over.join('\n'));
});
