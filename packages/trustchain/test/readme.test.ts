import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import type { PairState } from '@edmp/interface';
import { expect, it } from 'vitest';

it('the example in the README runs', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  // Beside this file, so that package names resolve as they do for any user of the package.
  const folder = mkdtempSync(join(import.meta.dirname, 'readme-'));
  try {
    const file = join(folder, 'example.mjs');
    writeFileSync(file, stripTypeScriptTypes(example));
    const { pair } = (await import(file)) as { readonly pair: PairState };
    expect(pair.state).toBe('agreed');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
