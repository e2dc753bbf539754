import { afterEach, describe, expect, it } from 'vitest';
import { assetOf, documentOf } from './support/documents.ts';
import { stateOf, TradingWorld, tradeOf } from './support/trading/world.ts';

let world: TradingWorld;
afterEach(async () => {
  await world.stop();
});

describe('a trade that goes well', () => {
  it('sells one licence with one witness', async () => {
    world = new TradingWorld();
    await world.witness('witness');
    const seller = await world.trader('seller');
    const buyer = await world.trader('buyer');
    world.linkAll();
    await world.environment.advance(200);
    const document = documentOf('June');
    const before = world.requests.length;
    const ask = await world.sell(seller, document);
    const bid = await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed');

    expect(buyer.states).toEqual([
      'proposing',
      'fetching',
      'signing',
      'certifying',
      'held',
      'opening',
      'completed',
    ]);
    expect(seller.states).toEqual(['offered', 'releasing', 'acknowledged', 'waiting', 'completed']);
    expect(world.requests.slice(before)).toEqual([
      '/edmp/market/trade/2',
      '/edmp/market/trade/2',
      '/edmp/notary/1',
      '/edmp/tc/push/1',
    ]);
    for (const { ledger } of [seller, buyer]) {
      expect(ledger.balance(seller.key, 'DUM1')).toMatchObject({ available: 1_000n, earned: 10n });
      expect(ledger.balance(buyer.key, 'DUM1').available).toBe(990n);
    }
    expect(seller.trading.left(ask.key)).toBe(0);
    expect(buyer.trading.engine.tally.taken(bid.key)).toBe(1);
    expect(tradeOf(buyer).failure).toBeNull();
    expect([...seller.problems, ...buyer.problems]).toEqual([]);
  });
});
