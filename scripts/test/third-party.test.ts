import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledPackages, thirdPartyText } from '../lib/third-party.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edmp-third-party-'));
  const packages = { 'a/node_modules/one': 'LICENSE', '@scope/two': 'LICENCE.md', three: undefined };
  for (const [name, licence] of Object.entries(packages)) {
    const path = join(folder, 'node_modules', name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'package.json'), JSON.stringify({ name, version: '1.2.3', license: 'MIT' }));
    if (licence !== undefined) await writeFile(join(path, licence), `Text of all\r\n`);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('licences of what is bundled', () => {
  it('are found by the files, nested packages too, each once', async () => {
    const files = ['a/node_modules/one/x.js', 'a/node_modules/one/y/z.js', '@scope/two/i.js', 'three/i.js'];
    const found = await bundledPackages([
      ...files.map((file) => join(folder, 'node_modules', file)),
      '/clone/packages/market/src/index.ts',
    ]);
    expect(found.map(({ name, text }) => [name, text?.trim()])).toEqual([
      ['a/node_modules/one', 'Text of all'],
      ['@scope/two', 'Text of all'],
      ['three', undefined],
    ]);
  });

  it('are printed once when several packages share them, under all their names', () => {
    const one = { name: 'one', version: '1.0.0', identifier: 'MIT', text: 'Same\r\ntext' };
    const two = { name: 'two', version: '2.0.0', identifier: 'MIT', text: 'Same\ntext\n' };
    const text = thirdPartyText([two, one, one]);
    expect(text.match(/Same\ntext/g)).toHaveLength(1);
    expect(text).toContain('one 1.0.0 (MIT)\ntwo 2.0.0 (MIT)\n\nSame\ntext\n');
  });

  it('are refused unless they are known to be permissive', () => {
    const of = (identifier: string) => [{ name: 'x', version: '1.0.0', identifier }];
    expect(thirdPartyText(of('(MIT OR Apache-2.0)'))).toContain('x 1.0.0');
    for (const identifier of ['LGPL-3.0', 'MIT AND GPL-2.0', 'undefined', 'SEE LICENSE IN x'])
      expect(() => thirdPartyText(of(identifier)), identifier).toThrow(/may it be bundled/);
  });
});
