import { describe, expect, it } from 'vitest';
import { layers } from '../lib/layers.ts';
import { type Manifest, publicEntries, workspacePackages } from '../lib/workspace.ts';

const manifest = (fields: Partial<Manifest>): Manifest => ({ name: '@edmp/x', version: '1.0.0', ...fields });

describe('publicEntries', () => {
  it('takes sources from the edmp-source condition, and leaves out what has nothing else', () => {
    const entries = publicEntries(
      manifest({
        exports: {
          './a/b': { 'edmp-source': './src/a/b.ts', types: './dist/a/b.d.ts', default: './dist/a/b.js' },
          './inside': { 'edmp-source': './src/inside.ts' },
          './package.json': './package.json',
        },
      }),
    );
    expect(entries).toEqual([{ subpath: './a/b', source: 'src/a/b.ts', output: 'a/b' }]);
  });

  it('refuses an entry whose types and code are not built side by side', () => {
    const target = { 'edmp-source': './src/a.ts', types: './dist/b.d.ts', default: './dist/a.js' };
    expect(() => publicEntries(manifest({ exports: { '.': target } }))).toThrow(
      /@edmp\/x: exports\["\."\] must be/,
    );
  });
});

describe('workspacePackages', () => {
  const packages = workspacePackages();

  it('puts every package after those it depends on', () => {
    const names = packages.map((pkg) => pkg.manifest.name);
    for (const pkg of packages) {
      for (const dependency of Object.keys(pkg.manifest.dependencies ?? {})) {
        if (!names.includes(dependency)) continue;
        expect(names.indexOf(dependency), `${dependency} before ${pkg.manifest.name}`).toBeLessThan(
          names.indexOf(pkg.manifest.name),
        );
      }
    }
  });

  it('is covered by the table of layers, whose arrows point down only', () => {
    expect(packages.map((pkg) => pkg.folder).sort()).toEqual(layers.map((layer) => layer.folder).sort());
    const below = new Set<string>();
    for (const layer of layers) {
      for (const name of layer.mayImport) expect(below, `${layer.folder} imports ${name}`).toContain(name);
      below.add(packages.find((pkg) => pkg.folder === layer.folder)?.manifest.name ?? '');
    }
  });
});
