import { isMarketError, type MarketEvent, price, UNLIMITED_SUPPLY } from '@edmp/market';
import { rejection } from '@edmp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOf } from '../support/documents.ts';
import { createWorld, DAY, type Node, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

/** One node that trades without witnesses, alone unless the test links it. */
async function alone(seed: number, limits: { perTrader?: number } = {}): Promise<Node> {
  world = await createWorld(seed);
  return world.node('alone', { witnesses: { allowNone: true }, limits });
}
const offer = (node: Node, title: string, more: object = {}) => {
  const document = documentOf(title);
  node.settlement.add(document);
  return { document, price: price('DUM1', 10), supply: 1, lifetimeMs: DAY, ...more };
};
const bid = (title: string, more: object = {}) => ({
  asset: assetIdFor(title),
  price: price('DUM1', 10),
  lifetimeMs: 3_600_000,
  ...more,
});
const assets = new Map<string, string>();
function assetIdFor(title: string): string {
  const known = assets.get(title);
  if (known !== undefined) return known;
  throw new Error(`add ${title} first`);
}
function knownAsset(node: Node, title: string): void {
  assets.set(title, node.settlement.add(documentOf(title)));
}

describe('own orders', () => {
  it('MS126 MS127 MS095 are made, listed, and known to a connected matchmaker', async () => {
    const node = await alone(1);
    const maker = await world.node('maker');
    await world.link(node, maker);
    const ask = await node.market.sell(offer(node, 'one'));
    expect(ask).toMatchObject({ side: 'ask', status: 'open', quantity: 1, filled: 0, reserved: 0 });
    knownAsset(node, 'two');
    const wanted = await node.market.buy(bid('two'));
    expect(wanted).toMatchObject({ side: 'bid', status: 'open' });
    expect(node.market.orders().map((order) => order.side)).toEqual(['ask', 'bid']);
    await world.environment.advance(200);
    expect(
      maker.market
        .openOrders()
        .map((order) => order.side)
        .sort(),
    ).toEqual(['ask', 'bid']);
    expect(await maker.market.listings({ text: 'one' })).toHaveLength(1);
  });

  it('MS150 a bid above what is free after open bids is refused at creation', async () => {
    const node = await alone(2);
    for (const title of ['a', 'b', 'c']) knownAsset(node, title);
    await node.market.buy(bid('a', { price: price('DUM1', 600) }));
    const refused = await rejection(
      node.market.buy(bid('b', { price: price('DUM1', 600) })),
      'ERR_WALLET_INSUFFICIENT',
    );
    expect(refused.details).toEqual({ free: 400n, cost: 600n });
    await node.market.buy(bid('c', { price: price('DUM1', 400) }));
    // What bids are promised is not paid out either.
    const [wallet] = node.market.wallets();
    await rejection(wallet!.transfer(1n, '11'.repeat(32)), 'ERR_WALLET_INSUFFICIENT');
  });

  it('MS153 a second sale of an exclusive dataset is refused, also when both are made at once', async () => {
    const node = await alone(3);
    const wanted = offer(node, 'exclusive');
    const both = await Promise.allSettled([node.market.sell(wanted), node.market.sell(wanted)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await rejection(node.market.sell({ ...wanted, supply: UNLIMITED_SUPPLY }), 'ERR_ORDER_EXCLUSIVE');
    const [order] = node.market.orders();
    await node.market.cancel(order!.id);
    expect((await node.market.sell(wanted)).status).toBe('open');
  });

  it('MS132 only own open orders can be cancelled', async () => {
    const node = await alone(4);
    const order = await node.market.sell(offer(node, 'mine', { lifetimeMs: 1_000 }));
    await node.market.cancel(order.id);
    await rejection(node.market.cancel(order.id), 'ERR_ORDER_CLOSED');
    const short = await node.market.sell(offer(node, 'short', { lifetimeMs: 1_000 }));
    await world.environment.advance(1_000);
    expect(node.market.orders()[1]!.status).toBe('expired');
    await rejection(node.market.cancel(short.id), 'ERR_ORDER_CLOSED');
    const stranger = documentOf('stranger');
    await rejection(
      node.market.cancel((await node.store.head(node.key))!.id),
      'ERR_MARKET_UNKNOWN',
      'ERR_ORDER_CLOSED',
    );
    expect(stranger).toBeDefined();
  });

  it('M23 a second licence of the same data has to be asked for', async () => {
    const node = await alone(5);
    knownAsset(node, 'data');
    const first = await node.market.buy(bid('data'));
    await rejection(node.market.buy(bid('data')), 'ERR_ORDER_REPEATED');
    expect((await node.market.buy(bid('data', { again: true }))).id).not.toEqual(first.id);
    // What was bought counts, too.
    const seller = await world.node('seller', { witnesses: { allowNone: true } });
    await world.link(node, seller);
    for (const order of node.market.orders()) await node.market.cancel(order.id);
    await seller.market.sell(offer(seller, 'data', { supply: 5 }));
    await world.environment.advance(100);
    await node.market.buy(bid('data'));
    await world.until(() => node.market.trades()[0]?.state === 'completed');
    await rejection(node.market.buy(bid('data')), 'ERR_ORDER_REPEATED');
    await world.restart(node);
    await rejection(node.market.buy(bid('data')), 'ERR_ORDER_REPEATED');
    // Its chain asks the other for its own newest block before it signs again.
    await world.run(node.market.buy(bid('data', { again: true })));
  });

  it('are made once for one key, at once, later and after a restart', async () => {
    const node = await alone(6);
    const wanted = offer(node, 'keyed', { supply: 3 });
    const key = 'sell-june';
    const [a, b] = await Promise.all([node.market.sell(wanted, { key }), node.market.sell(wanted, { key })]);
    expect(a!.id).toEqual(b!.id);
    expect(node.market.orders()).toHaveLength(1);
    await rejection(node.market.sell({ ...wanted, supply: 4 }, { key }), 'ERR_IDEMPOTENCY');
    await world.restart(node);
    expect((await node.market.sell(wanted, { key })).id).toEqual(a!.id);
    expect((await node.market.sell(wanted, { key: 'another' })).id).not.toEqual(a!.id);
    knownAsset(node, 'bid');
    const bought = await node.market.buy(bid('bid'), { key });
    expect((await node.market.buy(bid('bid'), { key })).id).toEqual(bought.id);
    await rejection(node.market.buy(bid('bid', { again: true }), { key }), 'ERR_IDEMPOTENCY');
  });

  it('stop at the limit of open orders', async () => {
    const node = await alone(7, { perTrader: 2 });
    await node.market.sell(offer(node, 'x'));
    await node.market.sell(offer(node, 'y'));
    const third = offer(node, 'z');
    await rejection(node.market.sell(third), 'ERR_ORDER_LIMIT');
    await node.market.cancel(node.market.orders()[0]!.id);
    await node.market.sell(third);
  });

  it('in test money need a witness, or both sides to do without', async () => {
    world = await createWorld(8);
    const node = await world.node('careful');
    const refused = await rejection(node.market.sell(offer(node, 'unwitnessed')), 'ERR_TRADE_WITNESSES');
    expect(refused.message).toContain('witness');
    const unknown = price(`bafyrei${'a'.repeat(52)}`, 5);
    await rejection(
      world.run(node.market.sell({ ...offer(node, 'other money'), price: unknown })),
      'ERR_CURRENCY_UNKNOWN',
    );
  });
});

describe('a market that is watched', () => {
  it('waits for an order or a trade, tells events to loops, and ends them when it is disposed of', async () => {
    const buyer = await alone(11);
    const seller = await world.node('seller', { witnesses: { allowNone: true } });
    await world.link(buyer, seller);
    const seen: MarketEvent['type'][] = [];
    const watching = (async () => {
      for await (const event of buyer.market.events()) seen.push(event.type);
      return 'ended';
    })();
    await seller.market.sell(offer(seller, 'watched'));
    await world.environment.advance(100);
    knownAsset(seller, 'watched');
    const order = await buyer.market.buy(bid('watched'));
    const filled = buyer.market.waitFor(order);
    const held = (async () => {
      for await (const event of buyer.market.events()) {
        if (event.type === 'trade')
          return buyer.market.waitFor(event.trade, { until: ['held', 'opening', 'completed'] });
      }
      throw new Error('no trade');
    })();
    await world.until(() => buyer.market.trades()[0]?.state === 'completed');
    expect(await filled).toMatchObject({ status: 'filled', filled: 1 });
    expect(['held', 'opening', 'completed']).toContain((await held).state);
    expect(await buyer.market.waitFor(buyer.market.trades()[0]!)).toMatchObject({
      state: 'completed',
      finished: true,
    });
    expect(new Set(seen)).toEqual(new Set(['order', 'listing', 'trade', 'wallet']));
    await buyer.market[Symbol.asyncDispose]();
    expect(await watching).toBe('ended');
    await rejection(buyer.market.sell(offer(buyer, 'late')), 'ERR_MARKET_STOPPED');
  });

  it('stops waiting when its caller leaves or it is stopped, and M18 survives listeners that throw', async () => {
    const node = await alone(12);
    node.market.on(() => {
      throw new Error('a bug of the application');
    });
    node.market.on(async () => {
      throw new Error('an asynchronous one');
    });
    const order = await node.market.sell(offer(node, 'patient'));
    const leave = new AbortController();
    const left = node.market.waitFor(order, { signal: leave.signal });
    const stays = node.market.waitFor(order, { until: 'filled' });
    leave.abort();
    await rejection(left, 'ERR_ABORTED');
    await rejection(node.market.waitFor(order, { until: 'sold' as never }), 'ERR_MARKET_FORMAT');
    await rejection(node.market.waitFor({ id: 'nothing' } as never), 'ERR_MARKET_UNKNOWN');
    const stopped = rejection(stays, 'ERR_MARKET_STOPPED');
    await node.market.stop();
    await stopped;
    expect(node.market.evidence().some(({ reason }) => reason.includes('listener'))).toBe(true);
    for (const { code } of node.market.evidence()) expect(isMarketError({ code })).toBe(false);
  });
});
