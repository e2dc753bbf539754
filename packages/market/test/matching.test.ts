import { price } from '@edmp/market';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOf } from './support/documents.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from './support/world.ts';

/** What is tested here is who meets whom; the money needs no witness for that. */
const WITHOUT = { witnesses: { allowNone: true } };
let world: World;
afterEach(async () => {
  await world?.stop();
});

/** What a node has, earnings included. */
const owned = async (node: Node): Promise<bigint> => {
  const { available, earned } = await node.market.balance(node.key, 'DUM1');
  return available + earned;
};

describe('matching over the network', () => {
  it('E13 an ask at 10 trades with bids of 12 and 10 at 10, and never with 8', async () => {
    world = await createWorld(2, 2, WITHOUT);
    const seller = await world.node('seller', { matchmaker: false });
    const maker = await world.node('maker');
    const bidders = await Promise.all(
      ['twelve', 'eight', 'ten'].map((name) => world.node(name, { matchmaker: false })),
    );
    await world.link(seller, maker, ...bidders);
    await world.environment.advance(100);
    const document = documentOf('thrice');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 10), supply: 2, lifetimeMs: DAY });
    await world.environment.advance(20);
    for (const [i, amount] of [12, 8, 10].entries()) {
      await bidders[i]!.market.buy({ asset, price: price('DUM1', amount), lifetimeMs: DAY });
      await world.environment.advance(20);
    }
    await world.until(
      () => seller.market.trades().filter((trade) => trade.state === 'completed').length === 2,
    );
    await world.environment.advance(1_000);
    expect(await owned(seller)).toBe(1020n);
    expect(await owned(bidders[0]!)).toBe(990n);
    expect(await owned(bidders[1]!)).toBe(1000n);
    expect(await owned(bidders[2]!)).toBe(990n);
    expect(bidders[1]!.market.trades()).toEqual([]);
    expect(maker.market.book(asset, 'DUM1').bids.map((level) => level.price.amount)).toEqual([8n]);
    expect(maker.market.book(asset, 'DUM1').asks).toEqual([]);
  });

  it('M15 executes at the ask’s price of 10 when a bid of 12 was there first', async () => {
    world = await createWorld(3, 2, WITHOUT);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const document = documentOf('late ask');
    const asset = seller.settlement.add(document);
    await buyer.market.buy({ asset, price: price('DUM1', 12), lifetimeMs: DAY });
    await world.environment.advance(100);
    await seller.market.sell({ document, price: price('DUM1', 10), supply: 1, lifetimeMs: DAY });
    await world.until(() => seller.market.trades()[0]?.state === 'completed');
    expect(await owned(seller)).toBe(1010n);
    expect(await owned(buyer)).toBe(990n);
  });

  it('MS110 a node that connects later learns the open orders and can buy', async () => {
    world = await createWorld(4, 2, WITHOUT);
    const seller = await world.node('seller');
    const document = documentOf('early listing');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 3), supply: 1, lifetimeMs: DAY });
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    await world.until(() => buyer.market.openOrders().length === 1);
    expect(await buyer.market.listings({ text: 'early' })).toMatchObject([{ asset, available: 1 }]);
    await buyer.market.buy({ asset, price: price('DUM1', 3), lifetimeMs: DAY });
    await world.until(() => seller.market.trades()[0]?.state === 'completed');
    expect(await owned(buyer)).toBe(997n);
  });

  it('MS111 partial: an ask of 10 licences sells 2 and then 8', async () => {
    world = await createWorld(5, 2, WITHOUT);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const document = documentOf('ten licences');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 5), supply: 10, lifetimeMs: DAY });
    await buyer.market.buy({ asset, price: price('DUM1', 5), lifetimeMs: DAY, quantity: 2 });
    await world.until(
      () => seller.market.trades().filter((trade) => trade.state === 'completed').length === 1,
    );
    expect(seller.market.orders()[0]).toMatchObject({ filled: 2, status: 'open' });
    await buyer.market.buy({ asset, price: price('DUM1', 5), lifetimeMs: DAY, quantity: 8, again: true });
    await world.until(
      () => seller.market.trades().filter((trade) => trade.state === 'completed').length === 2,
    );
    expect(seller.market.orders()[0]).toMatchObject({ filled: 10, status: 'filled' });
    expect(await owned(seller)).toBe(1050n);
    expect(await owned(buyer)).toBe(950n);
    expect(buyer.market.licences(asset).map((licence) => licence.quantity)).toEqual([2, 8]);
  });

  it('MS101 of two buyers at once one gets what it wants; the other’s money comes back, and it buys what is left', async () => {
    world = await createWorld(6, 2, WITHOUT);
    const seller = await world.node('seller', { matchmaker: false });
    const maker = await world.node('maker');
    const first = await world.node('first', { matchmaker: false });
    const second = await world.node('second', { matchmaker: false });
    await world.link(seller, maker, first, second);
    await world.environment.advance(100);
    const document = documentOf('counter');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 1), supply: 10, lifetimeMs: DAY });
    await world.environment.advance(50);
    await Promise.all([
      first.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY, quantity: 6 }),
      second.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY, quantity: 6 }),
    ]);
    // Nothing is reserved by an offer: the first payment that reaches the seller takes its licences.
    await world.until(() => seller.market.orders()[0]!.filled === 6);
    const [late] = [first, second].filter((node) => node.market.trades()[0]?.state !== 'completed');
    await world.until(() => late!.market.trades()[0]?.state === 'returned', 8_000_000, 10_000);
    expect(await owned(late!)).toBe(1000n);
    await late!.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY, quantity: 6 });
    await world.until(() => seller.market.orders()[0]!.filled === 10);
    const bought = [...first.market.trades(), ...second.market.trades()].filter(
      (trade) => trade.state === 'completed',
    );
    expect(bought.map((trade) => trade.quantity).sort()).toEqual([4, 6]);
    expect(await owned(seller)).toBe(1010n);
  });

  it('MS052 trades with the cheapest ask first, and with the older of two equal ones', async () => {
    world = await createWorld(7, 2, WITHOUT);
    const maker = await world.node('maker');
    const buyer = await world.node('buyer', { matchmaker: false });
    const sellers: Node[] = [];
    const document = documentOf('same data');
    for (const name of ['a', 'b', 'c']) sellers.push(await world.node(name, { matchmaker: false }));
    await world.link(maker, buyer, ...sellers);
    await world.environment.advance(100);
    const asset = sellers.map((node) => node.settlement.add(document))[0]!;
    for (const [i, amount] of [7, 5, 5].entries()) {
      await sellers[i]!.market.sell({ document, price: price('DUM1', amount), supply: 5, lifetimeMs: DAY });
      await world.environment.advance(20);
    }
    await buyer.market.buy({ asset, price: price('DUM1', 9), lifetimeMs: DAY });
    await world.until(() => buyer.market.trades()[0]?.state === 'completed');
    expect(tradeOf(buyer).seller).toEqual(sellers[1]!.key);
    expect(tradeOf(buyer).amount).toBe(5n);
  });

  it('MS107 a cancelled order leaves every book and cannot trade', async () => {
    world = await createWorld(8, 2, WITHOUT);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const document = documentOf('cancelled');
    const asset = seller.settlement.add(document);
    const order = await seller.market.sell({ document, price: price('DUM1', 5), supply: 1, lifetimeMs: DAY });
    await world.until(() => buyer.market.openOrders().length === 1);
    await seller.market.cancel(order.id);
    await world.until(() => buyer.market.openOrders().length === 0);
    await buyer.market.buy({ asset, price: price('DUM1', 5), lifetimeMs: DAY });
    await world.environment.advance(2_000);
    expect(buyer.market.trades()).toEqual([]);
    await expect(seller.market.cancel(order.id)).rejects.toMatchObject({ code: 'ERR_ORDER_CLOSED' });
    expect(seller.market.orders()[0]!.status).toBe('cancelled');
  });

  it('MS099 a bid for an ask whose cancel got lost is declined, and the ask leaves the book', async () => {
    world = await createWorld(9, 2, WITHOUT);
    const seller = await world.node('seller', { matchmaker: false });
    const maker = await world.node('maker');
    const buyer = await world.node('buyer', { matchmaker: false });
    await world.link(seller, maker, buyer);
    await world.environment.advance(50);
    const document = documentOf('silent cancel');
    const asset = seller.settlement.add(document);
    const order = await seller.market.sell({ document, price: price('DUM1', 5), supply: 1, lifetimeMs: DAY });
    await world.until(() => maker.market.openOrders().length === 1);
    world.networks.setTopicFaults({ loss: 1 });
    await seller.market.cancel(order.id);
    world.networks.setTopicFaults({ loss: 0 });
    await buyer.market.buy({ asset, price: price('DUM1', 5), lifetimeMs: DAY });
    await world.until(
      () => maker.market.book(asset, 'DUM1').asks.length === 0 && maker.market.openOrders().length === 1,
      // Books heal by comparing, within two minutes.
      150_000,
      100,
    );
    await world.environment.advance(1_000);
    expect(seller.market.trades()).toEqual([]);
    expect(buyer.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
  });

  it('MS145 expiry is exact to within 100 ms and an expired order never matches', async () => {
    world = await createWorld(10, 2, WITHOUT);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const document = documentOf('one second');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 5), supply: 1, lifetimeMs: 1_000 });
    await world.environment.advance(950);
    expect(buyer.market.openOrders()).toHaveLength(1);
    await world.environment.advance(100);
    expect(buyer.market.openOrders()).toHaveLength(0);
    expect(await buyer.market.listings({})).toEqual([]);
    expect(seller.market.orders()[0]!.status).toBe('expired');
    await buyer.market.buy({ asset, price: price('DUM1', 5), lifetimeMs: DAY });
    await world.environment.advance(5_000);
    expect(buyer.market.trades()).toEqual([]);
  });
});

describe('several matchmakers', () => {
  it('MS115 MS152 two nodes that are both matchmakers make exactly one trade, without a pause', async () => {
    world = await createWorld(11, 2, WITHOUT);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    await world.environment.advance(100);
    const document = documentOf('both');
    const asset = seller.settlement.add(document);
    const start = world.environment.now();
    await Promise.all([
      seller.market.sell({ document, price: price('DUM1', 13), supply: 1, lifetimeMs: DAY }),
      buyer.market.buy({ asset, price: price('DUM1', 13), lifetimeMs: DAY }),
    ]);
    await world.until(() => seller.market.trades()[0]?.state === 'completed', 5_000, 1);
    expect(world.environment.now() - start).toBeLessThan(200);
    await world.environment.advance(60_000);
    expect(seller.market.trades()).toHaveLength(1);
    expect(buyer.market.trades()).toHaveLength(1);
    expect(await owned(seller)).toBe(1013n);
    expect(await owned(buyer)).toBe(987n);
  });

  it('100 concurrent orders between two matchmakers all trade once', async () => {
    world = await createWorld(12, 2, WITHOUT);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    await world.environment.advance(100);
    const start = world.environment.now();
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const document = documentOf(`set ${i}`);
        const asset = seller.settlement.add(document);
        await Promise.all([
          seller.market.sell({ document, price: price('DUM1', 1), supply: 1, lifetimeMs: DAY }),
          buyer.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY }),
        ]);
      }),
    );
    await world.until(
      () => seller.market.trades().filter((trade) => trade.state === 'completed').length === 100,
      60_000,
    );
    expect(world.environment.now() - start).toBeLessThan(5_000);
    expect(await owned(seller)).toBe(1100n);
    expect(await owned(buyer)).toBe(900n);
    expect(buyer.market.trades().filter((trade) => trade.state === 'completed')).toHaveLength(100);
  });

  it('three matchmakers that all see both orders cause one trade', async () => {
    world = await createWorld(13, 2, WITHOUT);
    const seller = await world.node('seller', { matchmaker: false });
    const buyer = await world.node('buyer', { matchmaker: false });
    const makers = await Promise.all(['m1', 'm2', 'm3'].map((name) => world.node(name)));
    await world.link(seller, buyer, ...makers);
    await world.environment.advance(100);
    const document = documentOf('three makers');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 4), supply: 1, lifetimeMs: DAY });
    await buyer.market.buy({ asset, price: price('DUM1', 4), lifetimeMs: DAY });
    await world.until(() => buyer.market.trades()[0]?.state === 'completed');
    await world.environment.advance(120_000);
    expect(buyer.market.trades()).toHaveLength(1);
    expect(await owned(buyer)).toBe(996n);
  });
});
