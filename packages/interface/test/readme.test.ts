import { readFileSync } from 'node:fs';
import { encodeCanonical } from '@edmp/interface/format';
import { expect, it, vi } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const blocks = [...read('../README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block);

it('the first example of the README runs as it is printed', async () => {
  expect(read('./support/readme-example.ts')).toBe(blocks[0]);
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await import('./support/readme-example.ts');
    expect(print.mock.calls).toEqual([
      ['valid:', true],
      ['an hour has passed:', true],
    ]);
  } finally {
    print.mockRestore();
  }
});

it('the second example of the README is a test file of this package', () => {
  expect(read('./readme-suite.test.ts')).toBe(blocks[1]);
});

it('the example of the field readers runs as it is printed', async () => {
  const source = read('../src/format/fields.ts');
  const [, printed = ''] = /```ts\n([\s\S]*?) \* ```/.exec(source) ?? [];
  expect(read('./support/field-readers-example.ts')).toBe(printed.replace(/^ \* ?/gm, ''));
  const { decodeStep } = await import('./support/field-readers-example.ts');
  expect(decodeStep(encodeCanonical({ v: 1, minutes: 15 }))).toBe(15);
  expect(() => decodeStep(encodeCanonical({ v: 1, minutes: 0 }))).toThrow(
    'step.minutes: expected an integer',
  );
});
