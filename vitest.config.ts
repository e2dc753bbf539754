import { defineConfig } from 'vitest/config';

const packages = [
  'interface',
  'trustchain',
  'market',
  'data-settlement',
  'oehu-client',
  'node',
  'web',
  'examples',
];
const conditions = ['edmp-source'];

/** Where to write the run's report as JSON, beside what is printed; `.ci/run` takes its counts from it. */
const report = process.env.EDMP_TEST_REPORT;

/** One project per package; every import of `@edmp/*` resolves to its source, so tests need no build. */
export default defineConfig({
  test: {
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: packages.map((name) => ({
      resolve: { conditions: [...conditions, 'module', 'node', 'default'] },
      ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'default'] } },
      test: {
        name,
        root: `packages/${name}`,
        include: ['test/**/*.test.ts'],
        testTimeout: 30_000,
        hookTimeout: 30_000,
        pool: 'forks' as const,
      },
    })),
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['packages/examples/**', 'packages/web/**', '**/index.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
    },
  },
});
