/** What a bid leaves alone, and why, stands in the order itself and is told as it happens. */

import { publicKey } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { price } from '../../src/asset/price.ts';
import { documentOf } from '../support/documents.ts';
import { createWorld, DAY, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

describe('a bid that finds only asks it cannot take', () => {
  it('says which ask, why and by a code, before any trade exists', async () => {
    world = await createWorld(901);
    const maker = await world.node('matchmaker', {}, true);
    const other = await world.node('other witness', {}, true);
    const seller = await world.node('seller', {
      matchmaker: false,
      witnesses: { keys: other.market.notaryKeys },
    });
    const buyer = await world.node('buyer', {
      matchmaker: false,
      witnesses: { keys: maker.market.notaryKeys },
    });
    await world.link(maker, other, seller, buyer);
    const document = documentOf('June');
    const asset = seller.settlement.add(document);
    const ask = await seller.market.sell({ document, price: price('DUM1', 5n), supply: 1, lifetimeMs: DAY });
    await world.environment.advance(1_000);
    await world.run(buyer.market.buy({ asset, price: price('DUM1', 5n), lifetimeMs: DAY }));
    await world.until(() => buyer.market.orders()[0]?.aside !== undefined);
    const [order] = buyer.market.orders();
    expect(order?.aside).toMatchObject([{ code: 'ERR_TRADE_WITNESSES', again: null }]);
    expect(order?.aside?.[0]?.ask.toString()).toBe(ask.id.toString());
    expect(order?.aside?.[0]?.reason).toMatch(/witness/i);
    expect(buyer.market.trades()).toEqual([]);
    const told = buyer.events.filter((event) => event.type === 'order' && event.order.aside !== undefined);
    expect(told.length).toBeGreaterThan(0);
  });

  it('gives the seller’s own words, and when it asks again', async () => {
    world = await createWorld(902);
    const { seller, buyer } = await world.trio();
    const document = documentOf('June');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 5n), supply: 1, lifetimeMs: DAY });
    await world.environment.advance(1_000);
    Object.assign(seller.settlement, { holds: async () => false });
    await world.run(buyer.market.buy({ asset, price: price('DUM1', 5n), lifetimeMs: DAY }));
    await world.until(() => buyer.market.orders()[0]?.aside !== undefined);
    expect(buyer.market.orders()[0]?.aside).toMatchObject([
      { code: 'ERR_TRADE_DECLINED', reason: 'the data is not here any more', again: null },
    ]);
  });
});

describe('paying to what is nobody’s key', () => {
  it('is refused before anything is signed, by every way of paying', async () => {
    world = await createWorld(903);
    const { buyer } = await world.trio();
    // 2 is the y of no point; nobody can have a key for it.
    const nobody = publicKey(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 2 : 0)));
    const hex = `02${'00'.repeat(31)}`;
    const before = (await buyer.store.head(buyer.key))?.core.seq;
    const paying = buyer.market.transfer({ currency: 'DUM1', to: nobody, amount: 1n });
    await expect(paying).rejects.toMatchObject({ code: 'ERR_WALLET_PAYMENT' });
    const wallet = buyer.market.wallets().find(({ id }) => id === 'DUM1');
    await expect(wallet?.transfer(1n, hex)).rejects.toMatchObject({ code: 'ERR_WALLET_PAYMENT' });
    const issuing = buyer.market.issueCurrency({ label: 'SUN', precision: 2, notaries: [nobody] });
    await expect(issuing).rejects.toMatchObject({ code: 'ERR_MARKET_FORMAT' });
    expect((await buyer.store.head(buyer.key))?.core.seq).toBe(before);
  });
});

describe('the outcome of a deal', () => {
  it('is found by asking, also where the receipt alone would not have said it', async () => {
    world = await createWorld(904);
    const maker = await world.node('matchmaker', {}, true);
    const seller = await world.node('seller', { matchmaker: false });
    const buyer = await world.node('buyer', { matchmaker: false });
    await world.link(maker, seller, buyer);
    const sun = await maker.market.issueCurrency({ label: 'SUN', precision: 0 });
    const block = maker.market.currencyBlock(sun.id).bytes;
    for (const node of [seller, buyer]) await node.market.addCurrency(block);
    await maker.market.transfer({ currency: sun.id, to: buyer.key, amount: 20n });
    const document = documentOf('June');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price(sun.id, 5n), supply: 1, lifetimeMs: DAY });
    await world.environment.advance(5_000);
    await world.run(buyer.market.buy({ asset, price: price(sun.id, 5n), lifetimeMs: DAY }));
    await world.until(() => buyer.market.trades()[0]?.state === 'completed');
    await world.environment.advance(1_000);
    const [trade] = seller.market.trades();
    expect(trade?.state).toBe('completed');
    expect(seller.market.tradeEvidence(trade!.id).outcome).toBeNull();
    const asked = await world.run(seller.market.askOutcome(trade!.id));
    expect(asked.outcome?.kind).toBe('paid');
    expect(asked.outcome?.certificate?.kind).toBe('paid');
    expect(seller.market.tradeEvidence(trade!.id)).toEqual(asked);
    // With its notary away it is still open for the buyer, and asking ends.
    world.networks.partition([maker.key], [seller.key, buyer.key]);
    const alone = await world.run(buyer.market.askOutcome(buyer.market.trades()[0]!.id), 60_000);
    expect(['paid', undefined]).toContain(alone.outcome?.kind);
  });
});
