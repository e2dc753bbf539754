import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const conditions = ['edmp-source', 'module', 'node', 'default'];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The tests that judge the mutants of each folder: the fast ones that are about what is in it. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  block: [
    'canonical',
    'canonical-boundaries',
    'half-block',
    'half-block-boundaries',
    'link-boundaries',
    'small-refusals',
    'vectors',
  ],
  validation: ['arrival-order', 'validation', 'verdict-boundaries'],
  fraud: ['fraud-proof', 'fraud-proof-boundaries', 'validation', 'vectors', 'verdict-boundaries'],
};

/** How `scripts/mutate.ts` has the tests run: without projects, and with fixed seeds, so that every run finds the same. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    root: here('../packages/trustchain'),
    include: (TESTS[process.env.EDMP_MUTATE ?? ''] ?? []).map((name) => `test/${name}.test.ts`),
    setupFiles: [here('mutate-setup.ts')],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
export default config;
