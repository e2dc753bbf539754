import { defineConfig } from 'vitest/config';
import { bounds } from './scripts/lib/bounds.ts';

/** Folder of each project by its name. */
const projects = {
  interface: 'packages/interface',
  trustchain: 'packages/trustchain',
  market: 'packages/market',
  'data-settlement': 'packages/data-settlement',
  'oehu-client': 'packages/oehu-client',
  trader: 'packages/trader',
  node: 'packages/node',
  testing: 'packages/testing',
  web: 'packages/web',
  examples: 'packages/examples',
  tooling: 'scripts',
  sim: 'sim',
};
const conditions = ['edmp-source'];

/** Where to write the run's report as JSON, beside what is printed; `.ci/run` takes its counts from it. */
const report = process.env.EDMP_TEST_REPORT;

/** One project per package, and one for the repository's scripts; every import of `@edmp/*` resolves to its source, so tests need no build. */
export default defineConfig({
  test: {
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: Object.entries(projects).map(([name, root]) => ({
      resolve: { conditions: [...conditions, 'module', 'node', 'default'] },
      ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'default'] } },
      test: {
        name,
        root,
        include: ['test/**/*.test.ts'],
        // No `retry`: a test that fails once is a failure. `.ci/run` repeats it to say whether it always fails.
        testTimeout: bounds.test,
        hookTimeout: bounds.test,
        pool: 'forks' as const,
      },
    })),
    coverage: {
      provider: 'v8',
      include: ['**/src/**/*.ts'],
      exclude: ['packages/examples/**', 'packages/web/**', '**/index.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
    },
  },
});
