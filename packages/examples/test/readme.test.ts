import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';

const file = fileURLToPath(new URL('../src/two-households.ts', import.meta.url));
const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

it('the README prints the example that runs', () => {
  const printed = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(printed).toBe(readFileSync(file, 'utf8').split('\n').slice(1).join('\n'));
  const code = printed?.split('\n').filter((line) => line !== '' && !line.startsWith('//')) ?? [];
  expect(code.length).toBeLessThanOrEqual(30);
});

it('sells a day from one household to another and ends by itself', { timeout: bounds.journey }, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--conditions=edmp-source', file]);
  expect(stderr).toBe('');
  expect(stdout).toBe('Bob has 96 values; true\n');
});
