import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { webDirectory } from '@edmp/node/http';
import { afterEach, beforeEach, expect, it } from 'vitest';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'edmp-web-'));
  await mkdir(join(base, 'dist', 'assets'), { recursive: true });
  await writeFile(join(base, 'dist', 'index.html'), 'page');
  await writeFile(join(base, 'dist', 'assets', 'a.js'), 'code');
  await writeFile(join(base, 'dist', '.secret.js'), 'no');
  await writeFile(join(base, 'outside.js'), 'no');
});
afterEach(() => rm(base, { recursive: true }));

it('reads files of known types inside the directory, and nothing else', async () => {
  const web = webDirectory(join(base, 'dist'));
  expect(new TextDecoder().decode((await web.read('index.html'))?.body)).toBe('page');
  expect((await web.read('assets/a.js'))?.type).toContain('javascript');
  for (const path of [
    '../outside.js',
    'assets/../../outside.js',
    '.secret.js',
    'assets',
    'none.js',
    'a\0.js',
    '',
  ]) {
    expect(await web.read(path), path).toBeUndefined();
  }
});
