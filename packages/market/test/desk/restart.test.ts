import { price } from '@edmp/market';
import type { TradeState } from '@edmp/market/trade';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOf } from '../support/documents.ts';
import { createWorld, DAY, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

/** States in which a process is killed, by who is killed; each is entered in a trade that goes well. */
const KILLS: readonly (readonly [who: 'seller' | 'buyer' | 'maker', state: TradeState])[] = [
  ['seller', 'offered'],
  ['seller', 'releasing'],
  ['seller', 'acknowledged'],
  ['seller', 'waiting'],
  ['buyer', 'proposing'],
  ['buyer', 'fetching'],
  ['buyer', 'signing'],
  ['buyer', 'certifying'],
  ['buyer', 'held'],
  ['buyer', 'opening'],
  ['maker', 'releasing'],
  ['maker', 'acknowledged'],
];

describe('a node killed in a trade and started again over its stores', () => {
  for (const [index, [who, state]] of KILLS.entries()) {
    it(`the ${who}, killed when a trade enters ${state}: it is finished once`, async () => {
      world = await createWorld(40 + index, 3);
      const trio = await world.trio();
      const { seller, buyer } = trio;
      const document = documentOf('restart');
      const asset = seller.settlement.add(document);
      await seller.market.sell({ document, price: price('DUM1', 10), supply: 1, lifetimeMs: DAY });
      await world.environment.advance(20);
      const victim = trio[who];
      let reached = false;
      const watched = who === 'maker' ? seller : victim;
      watched.market.on((event) => {
        if (event.type !== 'trade' || event.trade.state !== state || reached) return;
        reached = true;
        // At once, in the middle of the step: nothing after this line of the old process may happen.
        world.networks.crash(victim.key);
        void victim.market.stop();
      });
      await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: DAY }).catch(() => undefined);
      await world.until(() => reached, 20_000, 1);
      await world.environment.advance(50);
      await world.restart(victim);
      await world.until(
        () =>
          seller.market.trades().some((trade) => trade.state === 'completed') &&
          buyer.market.trades().some((trade) => trade.state === 'completed'),
        900_000,
        50,
      );
      await world.environment.advance(10_000);
      for (const node of [seller, buyer]) {
        expect((await node.market.balance(seller.key, 'DUM1')).earned).toBe(10n);
        expect(await node.market.balance(buyer.key, 'DUM1')).toEqual({
          available: 990n,
          held: 0n,
          pending: 0n,
          earned: 0n,
        });
        expect(node.market.licences(asset).filter((licence) => licence.status === 'final')).toHaveLength(1);
        expect(node.market.orders()[0]).toMatchObject({ status: 'filled', filled: 1, reserved: 0 });
      }
      expect((await buyer.market.delivery(tradeOf(buyer, 'completed').id)).consumption.values).toHaveLength(
        2_880,
      );
    });
  }

  it('keeps finished trades, orders and balances over a restart', async () => {
    world = await createWorld(60);
    const { seller, buyer } = await world.trio();
    const document = documentOf('kept');
    const asset = seller.settlement.add(document);
    const order = await seller.market.sell({
      document,
      price: price('DUM1', 10),
      supply: 2,
      lifetimeMs: DAY,
    });
    await world.environment.advance(50);
    await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: DAY });
    await world.until(
      () =>
        seller.market.trades()[0]?.state === 'completed' && buyer.market.trades()[0]?.state === 'completed',
    );
    const before = {
      orders: seller.market.orders(),
      states: seller.market.trades().map(({ state }) => state),
    };
    const listed = await seller.market.listings({});
    await world.restart(seller);
    await world.environment.advance(200);
    expect(seller.market.orders()).toEqual(before.orders);
    expect(seller.market.trades().map(({ state }) => state)).toEqual(before.states);
    expect((await seller.market.balance(seller.key, 'DUM1')).earned).toBe(10n);
    expect(listed).toMatchObject([{ available: 1 }]);
    expect(await seller.market.listings({})).toEqual(listed);
    await world.run(seller.market.cancel(order.id));
    await world.restart(seller);
    await world.environment.advance(200);
    expect(seller.market.orders()[0]!.status).toBe('cancelled');
    expect(await seller.market.listings({})).toEqual([]);
  });
});

describe('a matchmaker that starts again', () => {
  it('still knows the open orders of others and what is left of them', async () => {
    world = await createWorld(61);
    const { seller, buyer, maker } = await world.trio();
    const document = documentOf('three left');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 1), supply: 5, lifetimeMs: DAY });
    await world.environment.advance(50);
    await buyer.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY, quantity: 2 });
    await world.until(() => seller.market.trades()[0]?.state === 'completed');
    await world.environment.advance(100);
    expect(maker.market.openOrders()).toMatchObject([{ quantity: 5, filled: 2 }]);
    await world.restart(maker);
    expect(maker.market.openOrders()).toMatchObject([{ quantity: 5, filled: 2 }]);
    await world.environment.advance(200);
    expect(maker.market.book(asset, 'DUM1').asks).toMatchObject([{ quantity: 3n }]);
  });
});
