import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import type { Network, OpenOutcome } from '@edmp/interface';
import { expect, it } from 'vitest';
import { directNetworks } from './support/direct-network.ts';
import { quarterHours } from './support/fixtures.ts';

interface Example {
  sellOneDay(
    seller: Network,
    buyer: Network,
    descriptor: object,
    values: readonly (number | null)[],
  ): Promise<{ readonly opened: OpenOutcome; readonly cheated: OpenOutcome }>;
}

it('the example in the README runs', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  // Beside this file, so that package names resolve as they do for any user of the package.
  const dir = mkdtempSync(join(import.meta.dirname, 'readme-'));
  try {
    const file = join(dir, 'example.mjs');
    writeFileSync(file, stripTypeScriptTypes(example));
    const { sellOneDay } = (await import(file)) as Example;
    const [seller, buyer] = directNetworks(2);
    const { descriptor, consumption } = quarterHours({ gaps: 0 });
    const { opened, cheated } = await sellOneDay(seller!, buyer!, descriptor, consumption.values);
    expect(opened).toMatchObject({ kind: 'opened', consumption: { values: consumption.values } });
    expect(cheated).toMatchObject({ kind: 'misbehaviour', reason: expect.stringContaining('unwrap') });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
