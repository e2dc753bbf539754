import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { bounds } from '../../../../scripts/lib/bounds.ts';

const conditions = ['edmp-source', 'module', 'node', 'default'];

/** Runs the suites over implementations with one fault each; `suites-fail.test.ts` reads the report. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    root: import.meta.dirname,
    include: ['implementations.ts'],
    testTimeout: bounds.test,
    hookTimeout: bounds.test,
    reporters: ['json'],
  },
});
export default config;
