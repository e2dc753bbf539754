/** Matchmakers and books under attack: floods, lies, lost news, orders dated ahead (review M13 to M17). */

import { price } from '@edmp/market';
import { ASK_TYPE, askToTx } from '@edmp/market/codec';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import { afterEach, describe, expect, it } from 'vitest';
import {
  decodeMatchNotice,
  encodeMatchNotice,
  MATCH_PROTOCOL,
  ORDERS_TOPIC,
} from '../../src/matching/messages.ts';
import { crypto, documentOf } from '../support/documents.ts';
import { Rogue, SHORT, sell } from '../support/rogue.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const HOUR = 3_600_000;
const done = (node: Node) => node.market.trades().some(({ state }) => state === 'completed');

describe('M13 bids without money', () => {
  it.each([
    ['at once', 1],
    ['over a minute', 3_000],
  ])('M13 20 unfunded bids at 10^15 do not delay an honest buyer, sent %s', async (_name, pauseMs) => {
    world = await createWorld(500);
    const { seller, buyer, maker } = await world.trio(SHORT);
    const rogue = new Rogue(world, await world.node('rogue', { matchmaker: false }), []);
    await world.link(seller, buyer, maker, rogue.node);
    const order = await sell(seller, 'gold', 5, { supply: 3 });
    await world.environment.advance(500);
    for (let i = 0; i < 20; i++) {
      const bid = await rogue.bid(order, 1, { amount: 10n ** 15n });
      await rogue.node.network.publish(ORDERS_TOPIC, bid.bytes);
      await world.environment.advance(pauseMs);
    }
    await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY - 1 });
    await world.until(() => done(buyer), 5_000, 5);
    expect(seller.market.orders()[0]).toMatchObject({ filled: 1, reserved: 0, status: 'open' });
  });
});

describe('M14 a full matchmaker', () => {
  it.each([
    // What a key cannot pay for gives way first, however little it holds.
    ['with nothing behind them', 10n ** 15n, 40],
    // Free test money is behind these: then a sixth of the room is everybody's share.
    ['that their keys could pay', 1n, 33],
  ])('M14 250 bids of five keys %s do not push out honest asks', async (_name, amount, share) => {
    world = await createWorld(501);
    const limits = { perTrader: 50, total: 200, bytes: 1 << 28 };
    const witness = await world.node('witness', { matchmaker: false }, true);
    const keys = { keys: witness.market.notaryKeys };
    const maker = await world.node('maker', { limits });
    const seller = await world.node('seller', {
      matchmaker: false,
      limits: { perTrader: 1_000 },
      witnesses: keys,
    });
    const rogues: Rogue[] = [];
    for (let i = 0; i < 5; i++) {
      rogues.push(new Rogue(world, await world.node(`rogue ${i}`, { matchmaker: false }), []));
    }
    await world.link(maker, seller, ...rogues.map(({ node }) => node));
    const orders = [];
    for (let i = 0; i < 40; i++) {
      orders.push(await sell(seller, `honest ${i}`, 5, { lifetimeMs: 30 * DAY }));
      await world.environment.advance(20);
    }
    await world.environment.advance(500);
    const honest = async () => (await maker.market.listings({ text: 'honest', limit: 100 })).length;
    expect(await honest()).toBe(40);
    for (const rogue of rogues) {
      for (let i = 0; i < 50; i++) {
        const bid = await rogue.bid(orders[0]!, 1, { amount, lifeMs: 600_000 });
        await rogue.node.network.publish(ORDERS_TOPIC, bid.bytes);
        await world.environment.advance(1);
      }
    }
    await world.environment.advance(2_000);
    expect(await honest()).toBeGreaterThanOrEqual(share);
    expect(maker.market.openOrders().length).toBeLessThanOrEqual(200);
    // What the books show is what is open: nothing leaks in either.
    const shown = orders.flatMap(({ asset }) => maker.market.book(asset, 'DUM1').asks);
    expect(shown).toHaveLength(await honest());
    // When the bids have expired, what was pushed out is learned again.
    await world.environment.advance(900_000);
    expect(await honest()).toBe(40);
  });

  it('M14 of another shape: a flood behind a hub does not keep honest listings from a leaf', async () => {
    world = await createWorld(502, 1);
    const limits = { perTrader: 100, total: 400, bytes: 1 << 28 };
    const leaf = await world.node('leaf', { limits });
    const hub = await world.node('hub', { limits });
    const witness = await world.node('witness', { matchmaker: false }, true);
    const rogue = new Rogue(world, await world.node('rogue', { matchmaker: false }), []);
    const honest = await world.node('honest', {
      matchmaker: false,
      witnesses: { keys: witness.market.notaryKeys },
    });
    for (const node of [leaf, rogue.node, honest]) world.networks.link(node.key, hub.key);
    await world.environment.advance(300);
    const spam = { asset: rogue.node.settlement.add(documentOf('spam')), price: price('DUM1', 1) };
    for (let i = 0; i < 500; i++) {
      const bid = await rogue.bid(spam);
      await rogue.node.network.publish(ORDERS_TOPIC, bid.bytes);
      if (i % 100 === 0) await world.environment.advance(1);
    }
    await world.environment.advance(50);
    for (let i = 0; i < 5; i++) await sell(honest, `honest ${i}`, 1);
    await world.environment.advance(150_000);
    for (const node of [hub, leaf]) {
      expect(await node.market.listings({ text: 'honest' }), node.name).toHaveLength(5);
      expect(node.market.openOrders().filter(({ side }) => side === 'bid').length).toBeLessThanOrEqual(100);
    }
  });
});

describe('M15 orders dated ahead', () => {
  it.each([
    ['four minutes ahead', 240_000],
    ['a year ahead', 366 * DAY],
  ])('M15 an ask dated %s sells at its own price, or is no order at all', async (_name, ahead) => {
    world = await createWorld(503);
    const { seller, buyer, maker } = await world.trio(SHORT);
    const document = documentOf('gold');
    const asset = seller.settlement.add(document);
    const now = world.environment.now();
    const rogue = new Rogue(world, seller, []);
    const expires = now + Math.min(ahead, DAY) + DAY;
    const tx = askToTx({
      document,
      price: price('DUM1', 10),
      supply: 1,
      expires,
      witnesses: maker.market.notaryKeys,
    });
    const block = await rogue.sign(await rogue.next(), ASK_TYPE, tx, { time: now + ahead });
    for (const node of [buyer, maker]) await node.trustchain.receive(block.bytes).catch(() => undefined);
    await seller.network.publish(ORDERS_TOPIC, block.bytes);
    await world.environment.advance(1_000);
    await buyer.market.buy({ asset, price: price('DUM1', 900), lifetimeMs: HOUR });
    await world.environment.advance(300_000);
    for (const { amount } of buyer.market.trades()) expect(amount).toBe(10n);
    const { available } = await buyer.market.balance(buyer.key, 'DUM1');
    expect(available).toBeGreaterThanOrEqual(990n);
  });
});

describe('M16 a trader looks itself', () => {
  it('M16 pays 5 where the matchmaker tells of 50 alone', async () => {
    world = await createWorld(504);
    const { seller: cheap, buyer, maker } = await world.trio(SHORT);
    const dear = await world.node('dear', {
      ...SHORT,
      matchmaker: false,
      witnesses: { keys: maker.market.notaryKeys },
    });
    await world.link(cheap, dear, buyer, maker);
    const five = await sell(cheap, 'gold', 5, { supply: 5 });
    await sell(dear, 'gold', 50, { supply: 5 });
    await world.environment.advance(500);
    const hide = world.networks.tamper(maker.key, ({ name, kind, body }) => {
      if (name !== MATCH_PROTOCOL || kind !== 'request') return body;
      const notice = decodeMatchNotice(body);
      const asks = notice.asks.filter((bytes) => !decodeHalfBlock(bytes, crypto).id.equals(five.id));
      return asks.length === 0 ? undefined : encodeMatchNotice({ ...notice, asks });
    });
    await buyer.market.buy({ asset: five.asset, price: price('DUM1', 60), lifetimeMs: DAY - 1 });
    await world.until(() => done(buyer), 10_000);
    expect(tradeOf(buyer).amount).toBe(5n);
    hide();
  });

  it.each([
    ['the ask first', true],
    ['the bid first', false],
  ])('M16 two connected traders trade without any matchmaker, %s', async (_name, askFirst) => {
    world = await createWorld(505);
    const options = { ...SHORT, matchmaker: false, witnesses: { allowNone: true } };
    const seller = await world.node('seller', options);
    const buyer = await world.node('buyer', options);
    await world.link(seller, buyer);
    const asset = seller.settlement.add(documentOf('gold'));
    const bid = () => buyer.market.buy({ asset, price: price('DUM1', 5), lifetimeMs: DAY - 1 });
    if (!askFirst) await bid();
    await sell(seller, 'gold', 5);
    await world.environment.advance(500);
    if (askFirst) await bid();
    await world.until(() => done(buyer) && done(seller), 10_000);
    expect(buyer.market.orders()[0]).toMatchObject({ status: 'filled', filled: 1 });
  });
});

describe('M17 news that got lost', () => {
  it('M17 an ask and a cancel whose gossip is lost are known everywhere within minutes', async () => {
    world = await createWorld(506, 1);
    const witness = await world.node('witness', { matchmaker: false }, true);
    const witnesses = { keys: witness.market.notaryKeys };
    const a = await world.node('a', { matchmaker: false, witnesses });
    const b = await world.node('b', { matchmaker: false, witnesses });
    const maker = await world.node('maker');
    await world.link(a, b, maker);
    const kept = await sell(a, 'kept', 1);
    const cancelled = await sell(a, 'cancelled', 1);
    await world.environment.advance(1_000);
    world.networks.setTopicFaults({ loss: 1 });
    const lost = await sell(a, 'lost', 1);
    await a.market.cancel(cancelled.id);
    await world.environment.advance(1_000);
    world.networks.setTopicFaults({ loss: 0 });
    await world.environment.advance(180_000);
    for (const node of [maker, b]) {
      const known = (await node.market.listings()).map(({ asset }) => asset).sort();
      expect(known, node.name).toEqual([kept.asset, lost.asset].sort());
    }
  });
});
