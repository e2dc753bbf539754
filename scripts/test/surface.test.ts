import { describe, expect, it } from 'vitest';
import { readEntry, type SurfaceEntry, surfaceBreaches } from '../lib/surface.ts';

const entry = (name: string, text: string): SurfaceEntry => {
  const [scope, pkg, subpath] = name.split('/');
  const path = `packages/${pkg}/src/${subpath ?? 'index'}.ts`;
  return {
    package: `${scope}/${pkg}`,
    entry: name,
    isRoot: subpath === undefined,
    path,
    facts: readEntry(path, text),
  };
};

describe('names of an entry', () => {
  it('are those it re-exports, renames and declares', () => {
    const { names, stars } = readEntry(
      'x.ts',
      `export { a, type B, c as d } from './m.ts';
       import { e } from './n.ts';
       export { e };
       export const f = 1, g = 2;
       export function h(): void {}
       export class I {}
       export interface J {}
       export type K = 1;
       const hidden = 3;`,
    );
    expect(names.map(({ name }) => name)).toEqual(['a', 'B', 'd', 'e', 'f', 'g', 'h', 'I', 'J', 'K']);
    expect(names[2]).toEqual({ name: 'd', from: './m.ts', original: 'c' });
    expect(stars).toEqual([]);
  });

  it('cannot be told behind a star', () => {
    expect(
      readEntry('x.ts', "export { a } from './m.ts';\nexport * from './n.ts';\nexport type * from './o.ts';")
        .stars,
    ).toEqual([2, 3]);
    expect(readEntry('x.ts', "export * as all from './n.ts';").stars).toEqual([1]);
  });
});

describe('breaches of the public surface', () => {
  const none = {};
  it.each([
    ['one name of two packages', ['@e/a', "export { x } from './x.ts';"], ['@e/b', 'export const x = 1;'], 1],
    ['two things of one name', ['@e/a', "export { x } from './x.ts';"], ['@e/a/s', 'export const x = 1;'], 1],
    [
      'one thing at the root and at a subpath',
      ['@e/a', "export { x } from './x.ts';"],
      ['@e/a/s', "export { x } from './x.ts';"],
      0,
    ],
    [
      'one thing at two subpaths',
      ['@e/a/r', "export { x } from './x.ts';"],
      ['@e/a/s', "export { x } from './x.ts';"],
      1,
    ],
    [
      'two things of one module under one name',
      ['@e/a', "export { x } from './x.ts';"],
      ['@e/a/s', "export { y as x } from './x.ts';"],
      1,
    ],
    ['a star', ['@e/a', "export * from './x.ts';"], ['@e/b', ''], 1],
  ] as const)('%s', (_, [a, textA], [b, textB], count) => {
    expect(surfaceBreaches([entry(a, textA), entry(b, textB)], none)).toHaveLength(count);
  });

  it('none where an application passes on what is inside it under its own name', () => {
    const library = entry('@edmp/a', "export { x } from './x.ts';");
    const passesOn = entry('@edmp/b', "export { x } from '@edmp/a';");
    const renames = entry('@edmp/b', "export { y as x } from '@edmp/a';");
    expect(surfaceBreaches([library, passesOn], none)).toHaveLength(1);
    expect(surfaceBreaches([library, { ...passesOn, isApplication: true }], none)).toEqual([]);
    expect(surfaceBreaches([library, { ...renames, isApplication: true }], none)).toHaveLength(1);
  });

  it('a root with more names than its limit', () => {
    const limits = { '@e/a': { most: 1, reason: 'a newcomer reads one' } };
    const text = "export { x, type Y } from './x.ts';";
    expect(surfaceBreaches([entry('@e/a', text)], limits)).toEqual([
      expect.stringContaining('2 names, at most 1 (a newcomer reads one)'),
    ]);
    expect(surfaceBreaches([entry('@e/a/s', text)], limits)).toEqual([]);
  });
});
