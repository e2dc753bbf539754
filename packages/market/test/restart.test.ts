import { price, type TradeState } from '@edmp/market';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOf } from './support/documents.ts';
import { createWorld, DAY, tradeOf, type World } from './support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const STATES: readonly TradeState[] = ['negotiating', 'accepted', 'proposed', 'agreed', 'released'];

describe('a node killed in a trade and started again over its stores', () => {
  for (const who of ['seller', 'buyer'] as const) {
    for (const state of STATES) {
      if (who === 'seller' && state === 'negotiating') continue;
      it(`the ${who}, killed when it enters ${state}, finishes the trade once`, async () => {
        world = await createWorld(40 + STATES.indexOf(state), 3);
        const seller = await world.node('seller', { matchmaker: false });
        const buyer = await world.node('buyer', { matchmaker: false });
        const maker = await world.node('maker');
        await world.link(seller, buyer, maker);
        const document = documentOf('restart');
        const asset = seller.settlement.add(document);
        await seller.market.sell({ document, price: price('DUM1', 10), supply: 1, lifetimeMs: DAY });
        await world.environment.advance(20);
        await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: DAY });
        const victim = who === 'seller' ? seller : buyer;
        let reached = false;
        victim.market.on((event) => {
          if (event.type !== 'trade' || event.trade.state !== state || reached) return;
          reached = true;
          // At once, in the middle of the step: nothing after this line of the old process may happen.
          world.networks.crash(victim.key);
          void victim.market.stop();
        });
        await world.until(() => reached, 20_000, 1);
        await world.environment.advance(50);
        await world.restart(victim);
        expect(victim.market.orders()).toHaveLength(1);
        await world.until(
          () =>
            seller.market.trades().some((trade) => trade.state === 'completed') &&
            buyer.market.trades().some((trade) => trade.state === 'completed'),
          100_000,
          20,
        );
        await world.environment.advance(10_000);
        for (const node of [seller, buyer]) {
          expect((await node.market.balance(seller.key, 'DUM1')).available).toBe(1010n);
          expect(await node.market.balance(buyer.key, 'DUM1')).toEqual({
            available: 990n,
            held: 0n,
            pending: 0n,
          });
          expect(node.market.licences(asset).filter((licence) => licence.status === 'final')).toHaveLength(1);
          expect(node.market.orders()[0]).toMatchObject({ status: 'filled', filled: 1, reserved: 0 });
        }
        expect((await buyer.market.delivery(tradeOf(buyer, 'completed').id)).consumption.values).toHaveLength(
          2_880,
        );
      });
    }
  }

  it('keeps finished trades, orders, balances and used payments over a restart', async () => {
    world = await createWorld(60);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const document = documentOf('kept');
    const asset = seller.settlement.add(document);
    const order = await seller.market.sell({
      document,
      price: price('DUM1', 10),
      supply: 2,
      lifetimeMs: DAY,
    });
    await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: DAY });
    await world.until(
      () =>
        seller.market.trades()[0]?.state === 'completed' && buyer.market.trades()[0]?.state === 'completed',
    );
    const before = { orders: seller.market.orders(), trades: seller.market.trades(), evidence: [] };
    await world.restart(seller);
    await world.environment.advance(200);
    expect(seller.market.orders()).toEqual(before.orders);
    expect(seller.market.trades()).toEqual(before.trades);
    expect((await seller.market.balance(seller.key, 'DUM1')).available).toBe(1010n);
    expect(await seller.market.listings({})).toMatchObject([{ available: 1 }]);
    await seller.market.cancel(order.id);
    await world.restart(seller);
    await world.environment.advance(200);
    expect(seller.market.orders()[0]!.status).toBe('cancelled');
    expect(await seller.market.listings({})).toEqual([]);
  });
});

describe('a matchmaker that starts again', () => {
  it('still knows the open orders of others and what is left of them', async () => {
    world = await createWorld(61);
    const seller = await world.node('seller', { matchmaker: false });
    const buyer = await world.node('buyer', { matchmaker: false });
    const maker = await world.node('maker');
    await world.link(seller, buyer, maker);
    const document = documentOf('three left');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 1), supply: 5, lifetimeMs: DAY });
    await buyer.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY, quantity: 2 });
    await world.until(() => seller.market.trades()[0]?.state === 'completed');
    await world.environment.advance(100);
    expect(maker.market.openOrders()).toMatchObject([{ quantity: 5, filled: 2 }]);
    await world.restart(maker);
    await world.environment.advance(200);
    expect(maker.market.openOrders()).toMatchObject([{ quantity: 5, filled: 2 }]);
    expect(maker.market.book(asset, 'DUM1').asks).toMatchObject([{ quantity: 3n }]);
  });
});
