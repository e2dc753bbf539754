import { defineConfig } from 'tsup';
import { publicEntries, readManifest } from './scripts/lib/workspace.ts';

/**
 * Shared by every package: `tsup --config ../../tsup.config.ts` in the package's folder builds all entries that its
 * package.json declares. Types are resolved from the built packages, as a third party's compiler will, not from their
 * sources; so dependencies are built first (`scripts/build.ts`).
 */
export default defineConfig(() => ({
  entry: Object.fromEntries(
    publicEntries(readManifest(process.cwd())).map((entry) => [entry.output, entry.source]),
  ),
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  // Built-in modules stay imports; tsup already leaves out dependencies and peer dependencies.
  external: [/^node:/],
  sourcemap: true,
  clean: true,
  dts: {
    compilerOptions: { customConditions: [], composite: false, incremental: false, declarationMap: false },
  },
}));
