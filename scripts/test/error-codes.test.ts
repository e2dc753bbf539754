import { describe, expect, it } from 'vitest';
import { errorCodes, errorPage, type Source } from '../error-codes.ts';

const source = (path: string, text: string): Source => ({ package: '@x/y', path, text });
const meaningOf = (...sources: readonly Source[]): Record<string, string | undefined> =>
  Object.fromEntries(errorCodes(sources).map(({ code, meaning }) => [code, meaning]));

describe('error codes', () => {
  it('takes the doc comment before a member of a union, and only for that member', () => {
    const union = `export type XCode =
      /** The first thing. */
      | 'ERR_A'
      | 'ERR_B'
      /** The third thing. */
      | 'ERR_C';
    class XError extends EdmpError { constructor(code: XCode) { super(code, ''); } }`;
    expect(errorCodes([source('a.ts', union)])).toEqual([
      { code: 'ERR_A', packages: ['@x/y'], classes: ['XError'], meaning: 'The first thing' },
      { code: 'ERR_B', packages: ['@x/y'], classes: ['XError'], meaning: undefined },
      { code: 'ERR_C', packages: ['@x/y'], classes: ['XError'], meaning: 'The third thing' },
    ]);
  });

  it('reads lists and brackets in doc comments, the declaring file first', () => {
    const declaring = `/**
     * Codes.
     *
     * - \`ERR_A\`: a list item that
     *   goes on (with brackets)
     * - \`ERR_B\`: another
     */
    export type XCode = 'ERR_A' | 'ERR_B' | 'ERR_C';
    /** Refused: \`ERR_C\` (one (nested) reason), and more. */
    class XError extends EdmpError { constructor(code: XCode) { super(code, ''); } }`;
    const other = `/** Throws \`ERR_A\` (elsewhere). */ function f() {}`;
    expect(meaningOf(source('0.ts', other), source('a.ts', declaring))).toEqual({
      ERR_A: 'a list item that goes on (with brackets)',
      ERR_B: 'another',
      ERR_C: 'one (nested) reason',
    });
  });

  it('takes the text of a class for the code that it passes to super', () => {
    const text = `/** A wait passed its end. Code \`ERR_LATE\`, retryable. */
    export class LateError extends EdmpError { constructor(m: string) { super('ERR_LATE', m); } }`;
    expect(errorCodes([source('a.ts', text)])[0]).toMatchObject({
      classes: ['LateError'],
      meaning: 'A wait passed its end',
    });
  });

  it('falls back on sentences about when it is thrown, and ignores status numbers and code-like prefixes', () => {
    const text = `/** Throws \`ERR_A\` when the port is taken. Or \`ERR_B\` (404). */
    function f(code: string) {
      if (code.startsWith('ERR_F_')) throw new EdmpError('ERR_A', '');
      return { code: 'ERR_B' };
    }`;
    expect(errorCodes([source('a.ts', text)])).toEqual([
      { code: 'ERR_A', packages: ['@x/y'], classes: ['EdmpError'], meaning: 'when the port is taken' },
      { code: 'ERR_B', packages: ['@x/y'], classes: [], meaning: undefined },
    ]);
  });

  it('writes one row a code and escapes what would end a cell', () => {
    const page = errorPage([
      { code: 'ERR_A', packages: ['@x/y'], classes: ['XError'], meaning: 'this | that' },
      { code: 'ERR_B', packages: ['@x/y', '@x/z'], classes: [], meaning: undefined },
    ]);
    expect(page).toContain('| `ERR_A` | @x/y | `XError` | This \\| that |\n');
    expect(page).toContain('| `ERR_B` | @x/y, @x/z | – | – |\n');
  });
});
