import { isMarketError, type Market } from '@edmp/market';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentOf } from '../support/documents.ts';
import { createWorld, DAY, type World } from '../support/world.ts';

let world: World;
let market: Market;
beforeAll(async () => {
  world = await createWorld(90);
  const node = await world.node('junk', { witnesses: { allowNone: true } }, true);
  node.settlement.add(documentOf('real'));
  market = node.market;
});
afterAll(async () => {
  await world.stop();
});

/** Every public call that takes arguments. */
const CALLS = [
  'addCurrency',
  'issueCurrency',
  'currencyBlock',
  'sell',
  'buy',
  'cancel',
  'listings',
  'book',
  'trade',
  'tradeEvidence',
  'askOutcome',
  'delivery',
  'waitFor',
  'balance',
  'transfer',
  'claim',
  'licences',
  'on',
  'events',
] as const;

/** Codes that are not the market's own and still typed: bytes that are no block, a caller that left. */
const FOREIGN = /^ERR_(BLOCK|ABORTED|TIMEOUT|CHAIN)/;

async function call(name: (typeof CALLS)[number], args: readonly unknown[]): Promise<void> {
  try {
    const result: unknown = (market[name] as (...all: unknown[]) => unknown)(...args);
    if (result instanceof Promise) await world.run(result, 60_000, 1_000);
    if (name === 'on' && typeof result === 'function') (result as () => void)();
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    if (!isMarketError(error) && !FOREIGN.test(code)) throw error;
  }
}

const junk = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withTypedArray: true,
    withNullPrototype: true,
    maxDepth: 3,
  }),
  fc.constantFrom(
    undefined,
    null,
    Number.NaN,
    -1,
    2 ** 53,
    '',
    'DUM1',
    'EWbafyrei',
    Symbol('s'),
    () => 1,
    {},
    [],
    5n,
  ),
  fc.record(
    {
      document: fc.anything(),
      price: fc.oneof(
        fc.anything(),
        fc.record({ currency: fc.constantFrom('DUM1', 'SUN', 7), amount: fc.anything(), per: fc.anything() }),
      ),
      supply: fc.anything(),
      lifetimeMs: fc.oneof(fc.anything(), fc.constant(DAY)),
      asset: fc.anything(),
      quantity: fc.anything(),
      again: fc.anything(),
      keepTrying: fc.anything(),
      label: fc.anything(),
      precision: fc.anything(),
      notaries: fc.anything(),
      currency: fc.anything(),
      to: fc.anything(),
      amount: fc.anything(),
      memo: fc.anything(),
      id: fc.anything(),
      role: fc.anything(),
      until: fc.anything(),
      signal: fc.anything(),
      key: fc.anything(),
      text: fc.anything(),
      seller: fc.anything(),
      limit: fc.anything(),
      maxPrice: fc.anything(),
    },
    { requiredKeys: [] },
  ),
);

describe('M19 whatever a caller hands in', () => {
  for (const name of CALLS) {
    it(`${name} answers with a typed error or a result, never with one of the language's own`, async () => {
      for (const args of [[], [undefined], [null], [{}], [undefined, null], [{}, {}]]) await call(name, args);
      await fc.assert(
        fc.asyncProperty(fc.array(junk, { maxLength: 2 }), (args) => call(name, args)),
        { numRuns: 120 },
      );
    });
  }

  it('nothing was made of any of it', () => {
    expect(market.orders()).toEqual([]);
    expect(market.trades()).toEqual([]);
    expect(market.currencies().map(({ id }) => id)).toEqual(['DUM1', 'DUM2']);
  });
});
