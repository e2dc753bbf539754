/** What is listed can be bought: one codec for datasets, strict where anybody reads (review M21). */

import type { DatasetDocument } from '@edmp/interface';
import { EdmpError } from '@edmp/interface';
import { encodeDatasetDocument } from '@edmp/interface/dataset';
import { price } from '@edmp/market';
import { ASK_TYPE, askToTx } from '@edmp/market/codec';
import { rejection } from '@edmp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ORDERS_TOPIC } from '../../src/matching/messages.ts';
import { documentOf } from '../support/documents.ts';
import { purse, Rogue, SHORT, sell } from '../support/rogue.ts';
import { createWorld, DAY, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const changed = (descriptor: object, document: object = {}): DatasetDocument => {
  const good = documentOf('goods');
  return { ...good, ...document, descriptor: { ...good.descriptor, ...descriptor } } as DatasetDocument;
};

/** Documents that were listed once and could not be bought. */
const PROBES: readonly (readonly [string, DatasetDocument])[] = [
  ['a title that turns the text round', changed({ title: 'cheap \u202Egnirts' })],
  ['a title with control characters', changed({ title: 'a\u0000b\nc' })],
  ['half a character in the title', changed({ title: '\ud800' })],
  ['no licence', changed({ licence: '' })],
  ['no time zone', changed({ zone: '' })],
  ['an empty purpose', changed({ purposes: [''] })],
  ['a purpose twice', changed({ purposes: ['a', 'a'] })],
  ['gas in kWh', changed({ commodity: 'gas', unit: 'uKWh' })],
  ['electricity in cubic metres', changed({ unit: 'uM3' })],
  ['the year 1000', changed({ from: '1000-01-01', to: '1000-01-01' })],
  ['more readings than the days have steps', changed({ count: 60_000_000 })],
  ['more chunks than readings', changed({ count: 1, verified: 1 }, { chunks: 10_000 })],
  ['more chunks than a manifest lists', changed({ count: 50_000 }, { chunks: 10_500 })],
  ['a place that is none', changed({ cell: 'ul' })],
  ['one reading for a month of quarters', changed({ count: 1, verified: 1 })],
];

describe('M21 documents that nobody could deliver', () => {
  it.each(PROBES)('M21 are neither offered nor listed: %s', async (_name, document) => {
    world = await createWorld(900);
    const { seller, buyer, maker } = await world.trio(SHORT);
    const offer = { document, price: price('DUM1', 5), supply: 1, lifetimeMs: DAY };
    await rejection(seller.market.sell(offer), 'ERR_MARKET_FORMAT');
    // Past its own desk, by hand.
    const rogue = new Rogue(world, seller, []);
    const expires = world.environment.now() + DAY;
    const good = askToTx({
      ...offer,
      document: documentOf('goods'),
      expires,
      witnesses: maker.market.notaryKeys,
    });
    let tx = good;
    try {
      const bytes = encodeDatasetDocument(document);
      tx = { ...(good as object), document: bytes } as typeof good;
    } catch (error) {
      // What cannot be written down at all needs no further test.
      expect(error).toBeInstanceOf(EdmpError);
      return;
    }
    const block = await rogue.sign(await rogue.next(), ASK_TYPE, tx);
    for (const node of [buyer, maker]) await node.trustchain.receive(block.bytes).catch(() => undefined);
    await seller.network.publish(ORDERS_TOPIC, block.bytes);
    await world.environment.advance(1_000);
    for (const node of [buyer, maker]) expect(await node.market.listings()).toEqual([]);
  });

  it('M21 the same offer with a good document is listed and bought', async () => {
    world = await createWorld(901);
    const { seller, buyer } = await world.trio(SHORT);
    const order = await sell(seller, 'goods', 5);
    await world.environment.advance(300);
    await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY });
    await world.until(() => tradeOf(buyer).state === 'completed', 20_000).catch(() => undefined);
    expect(tradeOf(buyer).state).toBe('completed');
  });

  it('M21 data that does not read is blamed on what was sealed, at once, and not on the network', async () => {
    world = await createWorld(902);
    const { seller, buyer } = await world.trio(SHORT);
    buyer.settlement.receive = async () => {
      throw new EdmpError('ERR_DATASET_FORMAT', 'the manifest lists no such chunk');
    };
    const order = await sell(seller, 'goods', 5);
    await world.environment.advance(300);
    await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY });
    await world.until(() => buyer.market.trades()[0]?.finished === true, 5_000);
    expect(tradeOf(buyer)).toMatchObject({ state: 'failed', failure: { code: 'ERR_TRADE_DELIVERY' } });
    expect(tradeOf(buyer).failure?.reason).toContain('the manifest lists no such chunk');
    expect(await purse(buyer, buyer)).toBe('1000/0/0');
  });
});
