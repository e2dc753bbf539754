import { price } from '@edmp/market';
import { afterEach, describe, expect, it } from 'vitest';
import { assetOf, documentOf } from './support/documents.ts';
import { createWorld, DAY, tradeOf, type World } from './support/world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

describe('a trade with a separate matchmaker', () => {
  it('MS104 MS153 moves 10 DUM1 from buyer to seller and one licence from seller to buyer', async () => {
    world = await createWorld(1);
    const { seller, buyer, maker } = await world.trio();
    await world.environment.advance(100);
    const document = documentOf('A June of quarter hours');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 10), supply: 1, lifetimeMs: DAY });
    await world.environment.advance(50);
    await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: DAY });
    await world.until(
      () =>
        seller.market.trades()[0]?.state === 'completed' && buyer.market.trades()[0]?.state === 'completed',
    );
    for (const node of [seller, buyer]) {
      expect(await node.market.balance(seller.key, 'DUM1')).toEqual({
        available: 1000n,
        held: 0n,
        pending: 0n,
        earned: 10n,
      });
      expect(await node.market.balance(buyer.key, 'DUM1')).toEqual({
        available: 990n,
        held: 0n,
        pending: 0n,
        earned: 0n,
      });
    }
    expect(tradeOf(buyer).steps.map((step) => step.state)).toEqual([
      'proposing',
      'fetching',
      'signing',
      'certifying',
      'held',
      'opening',
      'completed',
    ]);
    const delivery = await buyer.market.delivery(tradeOf(buyer).id);
    expect(assetOf(delivery.document)).toBe(asset);
    expect(delivery.consumption.values).toHaveLength(2_880);
    expect(buyer.market.licences(asset)).toMatchObject([{ quantity: 1, status: 'final' }]);
    expect(seller.market.orders()[0]).toMatchObject({ status: 'filled', filled: 1, reserved: 0 });
    await world.environment.advance(50);
    expect(maker.market.openOrders()).toEqual([]);
  });
});
