import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { undocumented } from '../lib/documented.ts';

const folder = mkdtempSync(join(tmpdir(), 'edmp-documented-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is missing in a module of one text, as `name: what`. */
function missingIn(text: string): string[] {
  const path = join(folder, 'module.ts');
  writeFileSync(path, text);
  const options: ts.CompilerOptions = { target: ts.ScriptTarget.ES2023, strict: true, types: [] };
  return undocumented([{ entry: 'x', path }], options).map(({ name, what }) => `${name}: ${what}`);
}

const declared =
  'declare class InvalidArgumentError { constructor(text: string) }; declare class E { constructor(code: string) }';

describe('undocumented', () => {
  it('takes a tag, a name in code marks, and a type that is documented itself', () => {
    expect(
      missingIn(`
/** How. */ export interface Options { readonly a: number }
/** Does it by \`first\` and \`second[0]\`. @param third - Number of things. */
export function f(first: string, second: string[], third: number, options: Options, more: Options = { a: 1 }): void {}
/** Both of \`a\`. */ export const g = ({ a }: { a: number }): number => a;
`),
    ).toEqual([]);
  });

  it.each([
    ['/** Does it. */ export function f(limit: number): void {}', ['f: parameter limit']],
    ['/** The limit rules. */ export function f(limit: number): void {}', ['f: parameter limit']],
    ['/** Does it. @param limit */ export function f(limit: number): void {}', ['f: parameter limit']],
    ['/** Does it. @param limits - x */ export function f(limit: number): void {}', ['f: parameter limit']],
    ['/** Does it. */ export const f: (limit: number) => void = () => {};', ['f: parameter limit']],
    [
      '/** Does it. */ export const f = ({ a, b }: { a: 1; b: 2 }): number => a + b;',
      ['f: parameter { a, b }'],
    ],
    [
      'interface O { a: 1 }\n/** Does it. */ export function f(options: O): void {}',
      ['f: parameter options'],
    ],
    [`${declared}\n/** Does it. */ export function f(): void { throw new E('ERR_X'); }`, ['f: ERR_X']],
    [`${declared}\n/** Throws \`ERR_X\`. */ export function f(): void { throw new E('ERR_X'); }`, []],
    [
      `${declared}\n/** Does it. */ export function f(): void { if (1) throw new InvalidArgumentError(''); }`,
      ['f: ERR_INVALID_ARGUMENT'],
    ],
    [
      `${declared}\n/** Does it. */ export function f(): () => void { return () => { throw new E('ERR_X'); }; }`,
      [],
    ],
    ['function f(limit: number): void {} f(1); export {};', []],
  ])('%s', (text, expected) => {
    expect(missingIn(text)).toEqual(expected);
  });
});
