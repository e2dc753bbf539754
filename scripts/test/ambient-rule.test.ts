import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ambientBreaches } from '../lib/ambient-rule.ts';
import { type Layer, layers, systemAdapters } from '../lib/layers.ts';
import { readModule } from '../lib/source-facts.ts';
import { root } from '../lib/workspace.ts';

const layerOf = (folder: string): Layer => layers.find((layer) => layer.folder === folder)!;
const breaches = (folder: string, text: string, path = `packages/${folder}/src/a.ts`): string[] =>
  ambientBreaches(layerOf(folder), path, readModule(path, text));

describe('the rule on ambient clocks', () => {
  it('lets the page use timers and chance, but no clock', () => {
    expect(breaches('web', 'setTimeout(f, 1); Math.random(); new Date(0);')).toEqual([]);
    for (const clock of [
      'Date.now()',
      'new Date()',
      'Date()',
      'performance.now()',
      'Temporal.Now.instant()',
    ]) {
      const [breach, ...others] = breaches('web', `\n${clock};`);
      expect(breach, clock).toMatch(/^packages\/web\/src\/a\.ts:2: .*take the time from the node/);
      expect(others).toEqual([]);
    }
  });

  it('lets protocol code use none of them, and an application all', () => {
    const text = 'setTimeout(f, 1); Math.random(); Date.now();';
    expect(breaches('market', text)).toHaveLength(3);
    expect(breaches('node', text)).toEqual([]);
  });

  it('spares the named adapters only, all of which are there and need it', () => {
    for (const path of Object.keys(systemAdapters)) {
      const [, folder = ''] = path.split('/');
      expect(existsSync(join(root, path)), path).toBe(true);
      const text = readFileSync(join(root, path), 'utf8');
      expect(breaches(folder, text, path), path).toEqual([]);
      expect(breaches(folder, text), `${path} needs no exception any more`).not.toEqual([]);
    }
  });
});
