/** Scenarios of earlier markets' suites that no other test file covers; ids as in docs/market-scenarios.md. */

import { type Order, price } from '@edmp/market';
import { defaultRiskPolicy } from '@edmp/market/risk';
import { rejection } from '@edmp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOf } from './support/documents.ts';
import { blocksOf, purse, SHORT, sell } from './support/rogue.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from './support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const HOUR = 3_600_000;
const completed = (node: Node) => node.market.trades().filter(({ state }) => state === 'completed').length;
const bid = (order: Pick<Order, 'asset' | 'price'>, more: object = {}) => ({
  asset: order.asset,
  price: order.price,
  lifetimeMs: DAY / 2,
  ...more,
});
const sides = (node: Node) =>
  node.market
    .openOrders()
    .map(({ side }) => side)
    .sort();

/** Traders with one witness, which is a matchmaker. */
async function town(seed: number, ...names: readonly string[]) {
  world = await createWorld(seed);
  const maker = await world.node('maker', { deltaMs: SHORT.deltaMs }, true);
  const options = { ...SHORT, matchmaker: false, witnesses: { keys: maker.market.notaryKeys } };
  const traders: Node[] = [];
  for (const name of names) traders.push(await world.node(name, options));
  await world.link(maker, ...traders);
  return { maker, options, traders: traders as [Node, Node, Node] };
}

describe('orders', () => {
  it('MS095 an ask and a bid are open at their owner, and the matchmaker has one of each', async () => {
    const { maker, traders } = await town(800, 'seller', 'buyer');
    const [seller, buyer] = traders;
    const order = await sell(seller, 'goods', 10);
    expect(order).toMatchObject({ side: 'ask', status: 'open' });
    const low = await buyer.market.buy(bid({ asset: order.asset, price: price('DUM1', 9) }));
    expect(low).toMatchObject({ side: 'bid', status: 'open' });
    await world.environment.advance(300);
    expect(sides(maker)).toEqual(['ask', 'bid']);
    expect(
      maker.market
        .openOrders()
        .map(({ id }) => id.toString())
        .sort(),
    ).toEqual([order.id.toString(), low.id.toString()].sort());
  });

  it('MS096 an asset is not priced in itself, nor in another asset, by either side', async () => {
    const { traders } = await town(801, 'trader', 'other');
    const [trader] = traders;
    const asset = trader.settlement.add(documentOf('goods'));
    const other = trader.settlement.add(documentOf('other goods'));
    for (const currency of [asset, other, 'EW', 'MB']) {
      const unit = { currency, amount: 1n, per: 1n };
      const offer = { document: documentOf('goods'), price: unit, supply: 1, lifetimeMs: DAY };
      await rejection(trader.market.sell(offer), 'ERR_MARKET_FORMAT', 'ERR_CURRENCY_UNKNOWN');
      await rejection(
        trader.market.buy(bid({ asset, price: unit })),
        'ERR_MARKET_FORMAT',
        'ERR_CURRENCY_UNKNOWN',
      );
    }
    expect(trader.market.orders()).toEqual([]);
  });

  it('MS121 order blocks that come from elsewhere stand on both sides of the matchmaker’s book', async () => {
    const { maker, traders } = await town(802, 'seller', 'buyer');
    const [seller, buyer] = traders;
    const relay = await world.node('relay', { matchmaker: false, witnesses: { allowNone: true } });
    world.networks.partition([maker.key, relay.key], [seller.key, buyer.key]);
    const order = await sell(seller, 'goods', 10);
    const low = await buyer.market.buy(bid({ asset: order.asset, price: price('DUM1', 9) }));
    await world.environment.advance(500);
    expect(sides(maker)).toEqual([]);
    // Both owners are out of reach: a third node brings what they signed.
    await world.link(relay, maker);
    for (const [owner, { id }] of [
      [seller, order],
      [buyer, low],
    ] as const) {
      const block = await owner.store.get(id);
      await relay.network.publish('/edmp/market/orders/2', block!.bytes);
    }
    await world.environment.advance(300);
    expect(maker.market.book(order.asset, 'DUM1')).toMatchObject({
      asks: [{ quantity: 1n }],
      bids: [{ quantity: 1n }],
    });
  });
});

describe('matches of orders that are done already', () => {
  it('MS098 an ask that is sold at its owner: a bid that arrives makes no trade, and the ask leaves the matchmaker', async () => {
    const { maker, traders } = await town(803, 'seller', 'first', 'late');
    const [seller, first, late] = traders;
    const order = await sell(seller, 'goods', 10);
    await world.environment.advance(300);
    // The matchmaker and the latecomer hear nothing of the sale; a second witness is not needed for what is held.
    world.networks.setTopicFaults({ loss: 1 });
    await first.market.buy(bid(order));
    await world.until(() => completed(first) === 1 && completed(seller) === 1);
    expect(sides(maker)).toContain('ask');
    world.networks.setTopicFaults({ loss: 0 });
    await late.market.buy(bid(order));
    // The owner says no, and tells of the sale again; the network drops what it carried minutes ago.
    await world.until(() => !sides(maker).includes('ask'), 1_800_000, 500);
    expect(late.market.trades()[0]).toMatchObject({
      state: 'failed',
      failure: { code: 'ERR_TRADE_DECLINED' },
    });
    expect(completed(late)).toBe(0);
    expect(await purse(late, late)).toBe('1000/0/0');
    expect(seller.market.orders()[0]).toMatchObject({ status: 'filled', filled: 1 });
    expect(await late.market.listings()).toEqual([]);
  });

  it('MS102 a bid that is filled at its owner before the match comes buys nothing more, and leaves the book', async () => {
    const { maker, options, traders } = await town(804, 'seller', 'buyer');
    const [seller, buyer] = traders;
    const other = await world.node('other', options);
    const asset = seller.settlement.add(documentOf('goods'));
    const wanted = await buyer.market.buy(bid({ asset, price: price('DUM1', 10) }));
    await world.environment.advance(300);
    expect(sides(maker)).toEqual(['bid']);
    // The deal is made while the matchmaker hears nothing of it.
    world.networks.cut(maker.key, buyer.key);
    world.networks.cut(maker.key, seller.key);
    const order = await sell(seller, 'goods', 10);
    expect(order.status).toBe('open');
    await world.until(() => buyer.market.trades()[0]?.state === 'held', 20_000, 1);
    // The matchmaker still has the bid, and another seller comes.
    await world.link(maker, other);
    await sell(other, 'goods', 8);
    await world.environment.advance(500);
    world.networks.heal();
    await world.link(maker, seller, buyer);
    await world.until(() => completed(buyer) === 1, 200_000);
    await world.environment.advance(300_000);
    expect(buyer.market.trades()).toHaveLength(1);
    expect(buyer.market.orders()[0]).toMatchObject({ status: 'filled', filled: 1, reserved: 0 });
    expect(maker.market.openOrders().some(({ id }) => id.equals(wanted.id))).toBe(false);
    expect(other.market.orders()[0]).toMatchObject({ status: 'open', filled: 0 });
  });
});

describe('whole trades', () => {
  it('MS113 two nodes with the policy k = 1 trade, one deal after the other', async () => {
    const { options, maker } = await town(805);
    const strict = { ...options, risk: { ...defaultRiskPolicy, maxOpenObligations: 1 } };
    const seller = await world.node('seller', strict);
    const buyer = await world.node('buyer', strict);
    await world.link(maker, seller, buyer);
    for (let i = 0; i < 3; i++) {
      const order = await sell(seller, `goods ${i}`, 10);
      await world.environment.advance(200);
      await buyer.market.buy(bid(order));
      await world.until(() => completed(buyer) === i + 1 && completed(seller) === i + 1);
    }
    expect(await purse(seller, seller)).toBe('1000/0/30');
  });

  it('MS116 two nodes that are both matchmakers trade an ask in parts: one payment a trade, books empty at the end', async () => {
    world = await createWorld(806);
    const options = { ...SHORT, witnesses: { allowNone: true } };
    const seller = await world.node('seller', options);
    const buyer = await world.node('buyer', options);
    await world.link(seller, buyer);
    const order = await sell(seller, 'goods', 2, { supply: 10 });
    await world.environment.advance(200);
    await buyer.market.buy(bid(order, { quantity: 3 }));
    await world.until(() => completed(buyer) === 1);
    expect(seller.market.book(order.asset, 'DUM1').asks).toMatchObject([{ quantity: 7n }]);
    await buyer.market.buy(bid(order, { quantity: 7, again: true }));
    await world.until(() => completed(buyer) === 2 && completed(seller) === 2);
    for (const node of [seller, buyer]) {
      expect(node.market.book(order.asset, 'DUM1')).toMatchObject({ asks: [], bids: [] });
      expect(node.market.openOrders()).toEqual([]);
      expect(await purse(node, seller)).toBe('1000/0/20');
      expect(await purse(node, buyer)).toBe('980/0/0');
    }
    expect(await blocksOf(seller, buyer, 'market/trade')).toHaveLength(2);
    expect(await blocksOf(buyer, seller, 'market/trade')).toHaveLength(2);
  });

  it.each([
    ['the dear one answers first', 1],
    ['the cheap one answers first', 0],
  ])(
    'MS119 of the asks that two matchmakers tell of the better price is taken: %s',
    async (_name, delayed) => {
      const { maker, options, traders } = await town(807, 'buyer');
      const [buyer] = traders;
      const dear = await world.node('dear', options);
      const cheap = await world.node('cheap', options);
      const second = await world.node('second', { deltaMs: SHORT.deltaMs });
      await world.link(maker, dear);
      await world.link(second, cheap);
      world.networks.link(cheap.key, maker.key);
      world.networks.cut(dear.key, cheap.key);
      const orders: Order[] = [];
      for (const [seller, amount] of [
        [dear, 12],
        [cheap, 8],
      ] as const) {
        orders.push(await sell(seller, 'goods', amount, { supply: 5 }));
      }
      await world.environment.advance(500);
      const makers = [maker, second];
      await world.link(buyer, makers[delayed]!);
      await world.link(buyer, makers[1 - delayed]!);
      await world.link(buyer, dear);
      await world.link(buyer, cheap);
      await world.environment.advance(500);
      await buyer.market.buy(bid({ asset: orders[0]!.asset, price: price('DUM1', 20) }));
      await world.until(() => completed(buyer) === 1);
      expect(tradeOf(buyer, 'completed').amount).toBe(8n);
    },
  );

  it.each([
    ['3 and then 7', false],
    ['7 and then 3', true],
  ])('MS122 whoever hears of the fills in another order, %s, has the same book', async (_name, reversed) => {
    const { maker, traders } = await town(808, 'seller', 'first', 'second');
    const [seller, first, second] = traders;
    const watcher = await world.node('watcher');
    await world.link(watcher, seller);
    const order = await sell(seller, 'goods', 5, { supply: 10 });
    await world.environment.advance(300);
    expect(watcher.market.book(order.asset, 'DUM1').asks).toMatchObject([{ quantity: 10n }]);
    world.networks.partition([watcher.key], [seller.key, first.key, second.key, maker.key]);
    await first.market.buy(bid(order, { quantity: 3 }));
    await world.until(() => completed(first) === 1);
    await second.market.buy(bid(order, { quantity: 7 }));
    await world.until(() => completed(second) === 1);
    const buyers = reversed ? [second, first] : [first, second];
    const left: (bigint | undefined)[] = [];
    for (const buyer of buyers) {
      const { hold } = buyer.market.tradeEvidence(tradeOf(buyer).id);
      const agreement = await buyer.store.get(hold!);
      const proposal = await buyer.store.get(agreement!.core.link!);
      for (const block of [proposal, agreement]) await watcher.trustchain.receive(block!.bytes);
      await world.environment.settle();
      left.push(watcher.market.book(order.asset, 'DUM1').asks[0]?.quantity);
    }
    expect(left).toEqual(reversed ? [3n, undefined] : [7n, undefined]);
    expect(await watcher.market.listings()).toEqual([]);
  });

  /** A buyer whose signer is gone from the moment of paying on. */
  async function withoutSigner(seed: number) {
    const { maker, traders } = await town(seed, 'seller', 'buyer');
    const [seller, buyer] = traders;
    const order = await sell(seller, 'goods', 10);
    await world.environment.advance(300);
    const signer = buyer.signer as { sign: (typeof buyer.signer)['sign'] };
    const { sign } = signer;
    let calls = 0;
    const off = buyer.market.on((event) => {
      if (event.type !== 'trade' || event.trade.state !== 'signing') return;
      signer.sign = async () => {
        calls += 1;
        throw new Error('no such device');
      };
    });
    await buyer.market.buy(bid(order));
    await world.until(() => calls > 0, 20_000, 1);
    const back = (): void => {
      off();
      signer.sign = sign;
    };
    return { maker, seller, buyer, order, back };
  }

  it('MS124 a payment that cannot be signed moves no balance and leaves the ask as it was', async () => {
    const { maker, seller, buyer, order, back } = await withoutSigner(809);
    await world.environment.advance(120_000);
    for (const viewer of [seller, buyer, maker]) {
      expect(await purse(viewer, seller)).toBe('1000/0/0');
      expect(await purse(viewer, buyer)).toBe('1000/0/0');
    }
    expect(tradeOf(seller)).toMatchObject({ state: 'failed', finished: true });
    expect(seller.market.orders()[0]).toMatchObject({ status: 'open', filled: 0, reserved: 0 });
    expect(await maker.market.listings()).toHaveLength(1);
    // What was begun is signed first when the key is back: too late for a key, so the money comes back by itself.
    back();
    await world.environment.advance(HOUR);
    expect(tradeOf(buyer)).toMatchObject({ state: 'returned', finished: true });
    expect(await purse(seller, buyer)).toBe('1000/0/0');
    expect(await purse(buyer, buyer)).toBe('1000/0/0');
    expect(seller.market.orders()[0]).toMatchObject({ status: 'open', filled: 0, reserved: 0 });
    await world.run(buyer.market.buy(bid(order)));
    await world.until(() => completed(buyer) === 1, 120_000);
    expect(await purse(seller, seller)).toBe('1000/0/10');
  });

  it('MS124 a signer that is away for a moment costs nobody anything: what it signs then is delivered', async () => {
    const { seller, buyer, back } = await withoutSigner(810);
    await world.environment.advance(2_000);
    back();
    await world.until(() => completed(buyer) === 1 && completed(seller) === 1, 60_000);
    expect(await purse(seller, seller)).toBe('1000/0/10');
    expect((await buyer.market.delivery(tradeOf(buyer).id)).consumption.values.length).toBeGreaterThan(0);
  });
});
