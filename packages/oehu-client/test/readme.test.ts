import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import * as client from '@edmp/oehu-client';
import * as emulator from '@edmp/oehu-client/emulator';
import { expect, it } from 'vitest';

it("runs the README's example, which prints what it says", async () => {
  const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const expected = /console\.log\(.*\); \/\/ (.*)/.exec(code)?.[1];
  const names = { ...client, ...emulator, systemEnvironment, nodeCrypto };
  const body = stripTypeScriptTypes(code.replace(/^import .*$/gm, ''));
  const printed: string[] = [];
  const console = { log: (...values: unknown[]) => printed.push(values.join(' ')) };
  const run = new Function(
    'names',
    'console',
    `const { ${Object.keys(names).join(', ')} } = names; return (async () => { ${body} })();`,
  );
  await run(names, console);
  expect(expected).toBeTruthy();
  expect(printed).toEqual([expected]);
});
