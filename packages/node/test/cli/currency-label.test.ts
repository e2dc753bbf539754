import type { CurrencyView } from '@edmp/node';
import { describe, expect, it } from 'vitest';
import { currencyNamed } from '../../src/cli/currency.ts';
import type { NodeClient } from '../../src/client.ts';

const view = (id: string, issuer: string, chosen: boolean): CurrencyView => ({
  id,
  label: 'SUN',
  name: `SUN·${issuer.slice(0, 16)}`,
  precision: 0,
  test: false,
  issuer,
  notaries: [],
  own: false,
  chosen,
  block: null,
});

const nodeWith = (...currencies: readonly CurrencyView[]): NodeClient =>
  ({ currencies: async () => currencies }) as unknown as NodeClient;

const stranger = view('bafystranger', 'aa'.repeat(32), false);
const chosen = view('bafychosen', 'bb'.repeat(32), true);

const options = { data: '/srv/edmp', json: false };

describe('a currency by its label', () => {
  it('is none that a stranger opened, though no other bears the label', async () => {
    for (const name of ['SUN', stranger.name]) {
      await expect(currencyNamed(nodeWith(stranger), name, options)).rejects.toMatchObject({
        code: 'ERR_NODE_CONFLICT',
      });
    }
    expect(await currencyNamed(nodeWith(stranger), stranger.id, options)).toBe(stranger);
  });

  it('is the one that was chosen, whatever strangers open, and none when two were chosen', async () => {
    expect(await currencyNamed(nodeWith(stranger, chosen), 'SUN', options)).toBe(chosen);
    const other = view('bafyother', 'cc'.repeat(32), true);
    await expect(currencyNamed(nodeWith(chosen, other), 'SUN', options)).rejects.toMatchObject({
      code: 'ERR_NODE_CONFLICT',
    });
    await expect(currencyNamed(nodeWith(chosen), 'MOON', options)).rejects.toMatchObject({
      code: 'ERR_NODE_NOT_FOUND',
    });
  });
});
