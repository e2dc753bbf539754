import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { systemEnvironment } from '@edmp/interface';
import { createTrader } from '@edmp/trader';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';

describe('createTrader', { timeout: bounds.journey }, () => {
  it('does what the README prints', async () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const expected = /console\.log\(.*\); \/\/ (.*)/.exec(code)?.[1];
    const printed: string[] = [];
    const names = { createTrader, systemEnvironment, simulatedNetworks };
    const body = stripTypeScriptTypes(code.replace(/^import .*$/gm, ''));
    const run = new Function(
      'names',
      'console',
      `const { ${Object.keys(names).join(', ')} } = names; return (async () => { ${body} })();`,
    );
    await run(names, { log: (...values: unknown[]) => printed.push(values.join(' ')) });
    expect(expected).toBeTruthy();
    expect(printed).toEqual([expected]);
  });

  it('stops the network that it was given when a part cannot be made', async () => {
    const environment = systemEnvironment();
    const { create } = simulatedNetworks({ environment });
    let stopped = 0;
    const failing = createTrader({
      environment,
      network: (identity) => {
        const network = create(identity);
        return new Proxy(network, {
          get(target, name) {
            if (name === 'handle') throw new Error('no protocol can be served');
            const value = Reflect.get(target, name, target);
            if (name !== 'stop') return typeof value === 'function' ? value.bind(target) : value;
            return async () => {
              stopped += 1;
              await target.stop();
            };
          },
        });
      },
    });
    await expect(failing).rejects.toThrow('no protocol can be served');
    expect(stopped).toBe(1);
  });

  it('takes the key that it is given, and ends twice as it ends once', async () => {
    const environment = systemEnvironment();
    const { create: network } = simulatedNetworks({ environment });
    const secretKey = new Uint8Array(32).fill(7);
    const first = await createTrader({ network, environment, secretKey });
    await first.stop();
    await first.stop();
    const second = await createTrader({ network, environment, secretKey });
    expect(second.key).toEqual(first.key);
    await second.stop();
  });
});
