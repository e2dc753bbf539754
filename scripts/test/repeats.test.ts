import { describe, expect, it } from 'vitest';
import { failuresOf, repeated, type TestReport } from '../lib/repeats.ts';

type Tests = Readonly<Record<string, 'passed' | 'failed' | 'skipped'>>;

const report = (files: Readonly<Record<string, Tests | 'does not load'>>): TestReport => ({
  testResults: Object.entries(files).map(([name, tests]) => {
    const states = tests === 'does not load' ? [] : Object.entries(tests);
    const failed = tests === 'does not load' || states.some(([, status]) => status === 'failed');
    return {
      name,
      status: failed ? 'failed' : 'passed',
      assertionResults: states.map(([fullName, status]) => ({ fullName, status })),
    };
  }),
});

describe('failures of a test run', () => {
  const first = report({
    '/a.test.ts': { one: 'passed', two: 'failed', three: 'failed', four: 'skipped' },
    '/b.test.ts': 'does not load',
    '/c.test.ts': { five: 'passed' },
  });
  const [two, three, whole] = failuresOf(first);

  it('are the tests that failed, and files that do not load', () => {
    expect(failuresOf(first)).toEqual([
      { file: '/a.test.ts', test: 'two' },
      { file: '/a.test.ts', test: 'three' },
      { file: '/b.test.ts', test: undefined },
    ]);
    expect(failuresOf(report({ '/c.test.ts': { five: 'passed' } }))).toEqual([]);
  });

  it('come again or do not', () => {
    const second = report({
      '/a.test.ts': { one: 'failed', two: 'passed', three: 'failed' },
      '/b.test.ts': { six: 'passed' },
    });
    expect([two, three, whole].map((failure) => repeated(failure!, second))).toEqual([
      'passed',
      'failed',
      'passed',
    ]);
  });

  it('are not called flaky where the repetition did not get to them', () => {
    expect(repeated(two!, undefined)).toBe('unknown');
    expect(repeated(two!, report({}))).toBe('unknown');
    expect(repeated(two!, report({ '/a.test.ts': { two: 'skipped' } }))).toBe('unknown');
    expect(repeated(two!, report({ '/a.test.ts': 'does not load' }))).toBe('failed');
    expect(repeated(whole!, report({ '/b.test.ts': { six: 'failed' } }))).toBe('failed');
  });
});
