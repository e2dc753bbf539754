import { defaultRiskPolicy, price, WITNESS_TYPE } from '@edmp/market';
import { signHalfBlock } from '@edmp/trustchain';
import { afterEach, describe, expect, it } from 'vitest';
import { crypto, documentOf } from './support/documents.ts';
import { createWorld, DAY, tradeOf, type World } from './support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

describe('risk policy', () => {
  it('declines a buyer above the exposure cap with a typed reason', async () => {
    world = await createWorld(91);
    const seller = await world.node('seller', { risk: { ...defaultRiskPolicy, maxExposure: 5n } });
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const document = documentOf('capped');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 6), supply: 1, lifetimeMs: DAY });
    await buyer.market.buy({ asset, price: price('DUM1', 6), lifetimeMs: DAY });
    await world.until(
      () => buyer.market.trades().length === 1 && buyer.market.trades()[0]!.state === 'failed',
    );
    expect(tradeOf(buyer).failure?.reason).toContain('ERR_RISK_EXPOSURE');
    expect(buyer.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
    expect(seller.market.trades()).toEqual([]);
  });

  it('RESTRICT(k): a buyer that never finishes gets no second trade until it does', async () => {
    world = await createWorld(92);
    const seller = await world.node('seller', {
      risk: { ...defaultRiskPolicy, maxOpenObligations: 1 },
      matchmaker: false,
    });
    const buyer = await world.node('buyer', { matchmaker: false });
    const maker = await world.node('maker');
    await world.link(seller, buyer, maker);
    // The buyer takes the key and then says nothing.
    const open = buyer.settlement.open.bind(buyer.settlement);
    let silent = true;
    Object.assign(buyer.settlement, {
      open: (...args: Parameters<typeof open>) => (silent ? new Promise(() => undefined) : open(...args)),
    });
    const assets = ['first', 'second'].map((title) => seller.settlement.add(documentOf(title)));
    await seller.market.sell({
      document: documentOf('first'),
      price: price('DUM1', 6),
      supply: 1,
      lifetimeMs: DAY,
    });
    await buyer.market.buy({ asset: assets[0]!, price: price('DUM1', 6), lifetimeMs: DAY });
    await world.until(() => seller.market.trades()[0]?.state === 'released');
    await seller.market.sell({
      document: documentOf('second'),
      price: price('DUM1', 6),
      supply: 1,
      lifetimeMs: DAY,
    });
    await buyer.market.buy({ asset: assets[1]!, price: price('DUM1', 6), lifetimeMs: DAY });
    await world.environment.advance(5_000);
    expect(seller.market.trades()).toHaveLength(1);
    expect(
      buyer.market.trades().some((trade) => trade.failure?.reason.includes('ERR_RISK_OBLIGATIONS')),
    ).toBe(true);
    silent = false;
  });

  it('refuses a proven forker and freezes its balance', async () => {
    world = await createWorld(93);
    const seller = await world.node('seller');
    const buyer = await world.node('buyer');
    await world.link(seller, buyer);
    const asset = seller.settlement.add(documentOf('honest'));
    await buyer.market.buy({
      asset: seller.settlement.add(documentOf('other')),
      price: price('DUM1', 1),
      lifetimeMs: DAY,
    });
    const head = (await buyer.store.head(buyer.key))!;
    const fork = await signHalfBlock({ ...head.core, time: head.core.time + 1 }, buyer.signer, crypto);
    await seller.trustchain.receive(head.bytes);
    await seller.trustchain.receive(fork.bytes);
    await world.environment.advance(1_000);
    expect(await seller.trustchain.isFraudulent(buyer.key)).toBe(true);
    expect(await seller.market.balance(buyer.key, 'DUM1')).toEqual({
      available: 0n,
      held: 1000n,
      pending: 0n,
    });
    await seller.market.sell({
      document: documentOf('honest'),
      price: price('DUM1', 1),
      supply: 1,
      lifetimeMs: DAY,
    });
    await buyer.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY }).catch(() => undefined);
    await world.environment.advance(5_000);
    expect(seller.market.trades()).toEqual([]);
  });
});

describe('witnesses', () => {
  it('a matchmaker signs that it saw the key release, and the seller’s ledger knows', async () => {
    world = await createWorld(94);
    const seller = await world.node('seller', { matchmaker: false });
    const buyer = await world.node('buyer', { matchmaker: false });
    const maker = await world.node('maker');
    await world.link(seller, buyer, maker);
    const asset = seller.settlement.add(documentOf('seen'));
    await seller.market.sell({
      document: documentOf('seen'),
      price: price('DUM1', 6),
      supply: 1,
      lifetimeMs: DAY,
    });
    await buyer.market.buy({ asset, price: price('DUM1', 6), lifetimeMs: DAY });
    await world.until(() => seller.market.trades()[0]?.state === 'completed');
    await world.environment.advance(500);
    const receipts = await seller.store.byType(WITNESS_TYPE, { limit: 10 });
    expect(receipts).toHaveLength(1);
    expect(receipts[0]!.block.core.key).toEqual(maker.key);
  });
});
