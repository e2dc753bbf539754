import { describe, expect, it } from 'vitest';
import { readModule } from '../lib/source-facts.ts';

const ambient = (source: string): string[] => readModule('a.ts', source).ambient.map((use) => use.text);
const imports = (source: string): string[] =>
  readModule('a.ts', source).imports.map((each) => each.specifier);

describe('readModule', () => {
  it('finds every way to name a module', () => {
    const source = `
      import a from 'a';
      import type { B } from 'b';
      export * from 'c';
      export type { D } from 'd';
      import 'e';
      const f = await import('f');
      type G = import('g').G;
      // import h from 'h';
      const text = "import i from 'i'";
    `;
    expect(imports(source)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('finds the ambient clock, timers and random sources', () => {
    expect(ambient('Date.now()')).toEqual(['Date.now']);
    expect(ambient('new Date()')).toEqual(['new Date()']);
    expect(ambient('Date()')).toEqual(['Date()']);
    expect(ambient('Temporal.Now.instant()')).toEqual(['Temporal.Now']);
    expect(ambient('const f = Math.random;')).toEqual(['Math.random']);
    expect(ambient('setTimeout(f, 1)')).toEqual(['setTimeout']);
    expect(ambient('globalThis.setInterval(f, 1)')).toEqual(['setInterval']);
    expect(ambient('const timers = { setImmediate };')).toEqual(['setImmediate']);
    expect(ambient('queueMicrotask(f)')).toEqual(['queueMicrotask']);
    expect(ambient('globalThis.crypto.randomUUID()')).toEqual(['crypto.randomUUID']);
    expect(ambient('globalThis.crypto?.getRandomValues(b)')).toEqual(['crypto.getRandomValues']);
    expect(ambient('AbortSignal.timeout(5)')).toEqual(['AbortSignal.timeout']);
    expect(ambient("import { setTimeout as sleep } from 'node:timers/promises';")).toContain(
      'node:timers/promises',
    );
  });

  it('lets injected members, comments, strings and fixed dates be', () => {
    expect(ambient('environment.setTimeout(f, 1)')).toEqual([]);
    expect(ambient('interface Clock { setTimeout(f: () => void): void }')).toEqual([]);
    expect(ambient('const clock = { setTimeout: 1 };')).toEqual([]);
    expect(ambient('// Date.now()\nconst s = "Math.random()";')).toEqual([]);
    expect(ambient('new Date(0); environment.now();')).toEqual([]);
  });

  it('counts lines and tells where each finding is', () => {
    const module = readModule('a.ts', 'import "x";\n\nDate.now();\n');
    expect(module.lines).toBe(3);
    expect(module.imports).toEqual([{ specifier: 'x', line: 1 }]);
    expect(module.ambient).toEqual([{ text: 'Date.now', line: 3, kind: 'clock' }]);
  });
});
