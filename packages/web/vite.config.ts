import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Builds the GUI from the sources of this repository: no network, no inline scripts or styles (the node's policy forbids them). */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  resolve: { conditions: ['edmp-source', 'module', 'browser', 'default'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    sourcemap: false,
    // Hidden, so that no node serves it: what is shipped with the page must say whose code is in it.
    license: { fileName: '.licences.json' },
  },
});
