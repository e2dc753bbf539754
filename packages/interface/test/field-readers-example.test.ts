import { readFileSync } from 'node:fs';
import { encodeCanonical } from '@edmp/interface/format';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

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
