import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type Plugin } from 'vitest/config';
import { bounds } from './scripts/lib/bounds.ts';
import { chromiumPath } from './scripts/lib/chromium.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const stand = (name: string): string => join(root, 'packages/trustchain/test/browser', name);
const report = process.env.EDMP_TEST_REPORT;
const executablePath = chromiumPath();

/** Tests that Node runs too, unchanged, and those that only a browser can run. */
const include = [
  'packages/interface/test/{errors,deadline,key-value-store,web-crypto,wycheproof}.test.ts',
  'packages/trustchain/test/{canonical,half-block,validation,fraud-proof,pair-state,chain,chain-car,inspect,vectors}.test.ts',
  'packages/trustchain/test/browser/*.browser.ts',
  'packages/oehu-client/test/{verify-driver,p1-stream,meter-files,mutated-files,interval-series,aggregate,series-export,zone,branch,consent}.test.ts',
];

/** What stands in for the modules of Node that those tests use. */
const standIns: Readonly<Record<string, string>> = {
  'node:fs': stand('node-fs.ts'),
  'node:path': stand('node-path.ts'),
  '@edmp/interface/crypto/node': stand('node-crypto.ts'),
  '@edmp/interface/crypto/sodium': stand('node-crypto.ts'),
};

function standInsPlugin(): Plugin {
  return {
    name: 'edmp-stand-ins',
    enforce: 'pre',
    resolveId: (source) =>
      /\/interface\/test\/support\/shared\.ts$|^\.\/support\/shared\.ts$/.test(source)
        ? stand('shared.ts')
        : standIns[source],
  };
}

/**
 * The golden vectors and the official ones, and the meter fixtures beside the repository when they are there: in base64
 * by their path in the folder that holds `vectors/` and `fixtures/`.
 */
function vectorFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  const shared = join(root, '../shared');
  for (const [base, folder] of [
    [root, 'vectors'],
    [shared, 'fixtures/meters'],
  ] as const) {
    if (!existsSync(join(base, folder))) continue;
    for (const entry of readdirSync(join(base, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(json|dag-cbor|txt|xml|dump)$/.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      files[relative(base, path)] = readFileSync(path).toString('base64');
    }
  }
  return files;
}

/** Tests in headless Chromium, over its own WebCrypto and IndexedDB. Run by `scripts/test-browser.ts`. */
export default defineConfig({
  plugins: [standInsPlugin()],
  resolve: { conditions: ['edmp-source', 'browser', 'module', 'import', 'default'] },
  // Long fuzz runs are for Node.
  define: { 'process.env.EDMP_FUZZ_RUNS': 'undefined' },
  optimizeDeps: {
    // Found late, a dependency would be bundled during the run and reload the page.
    include: [
      '@edmp/trustchain > multiformats/cid',
      '@edmp/trustchain > multiformats/hashes/digest',
      '@edmp/trustchain > @ipld/dag-cbor',
      '@edmp/interface > @noble/ciphers/chacha.js',
      '@edmp/interface > @noble/curves/ed25519.js',
      '@edmp/interface > @noble/curves/utils.js',
      '@edmp/interface > @noble/hashes/hmac.js',
      '@edmp/interface > @noble/hashes/sha2.js',
      'fast-check',
    ],
  },
  test: {
    name: 'browser',
    globalSetup: ['packages/trustchain/test/browser/relay/setup.ts'],
    api: { host: '127.0.0.1', port: 0 },
    include,
    testTimeout: bounds.test,
    hookTimeout: bounds.test,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    provide: { vectorFiles: vectorFiles() },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(executablePath === undefined ? {} : { executablePath }),
          args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
});
