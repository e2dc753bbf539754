import { price } from '@edmp/market';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOf } from './support/documents.ts';
import { fakeKind } from './support/fake-settlement.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from './support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

interface Pair {
  readonly seller: Node;
  readonly buyer: Node;
  readonly maker: Node;
  readonly asset: string;
}

const SHORT = { negotiate: 2_000, deliver: 10_000, accept: 10_000, release: 10_000, complain: 60_000 };

async function pairOf(seed: number): Promise<Pair> {
  world = await createWorld(seed);
  const seller = await world.node('seller', { matchmaker: false, deadlines: SHORT });
  const buyer = await world.node('buyer', { matchmaker: false, deadlines: SHORT });
  const maker = await world.node('maker');
  await world.link(seller, buyer, maker);
  await world.environment.advance(100);
  const asset = seller.settlement.add(documentOf('goods'));
  return { seller, buyer, maker, asset };
}

async function startTrade({ seller, buyer, asset }: Pair): Promise<void> {
  await seller.market.sell({
    document: documentOf('goods'),
    price: price('DUM1', 10),
    supply: 1,
    lifetimeMs: DAY,
  });
  await world.environment.advance(20);
  await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: DAY });
}

async function expectNothingMoved({ seller, buyer }: Pair): Promise<void> {
  expect(await buyer.market.balance(buyer.key, 'DUM1')).toEqual({ available: 1000n, held: 0n, pending: 0n });
  expect((await seller.market.balance(seller.key, 'DUM1')).available).toBe(1000n);
}

describe('failed trades', () => {
  it('S109 a seller that never seals: the buyer gives up at the deliver deadline and its bid is open again', async () => {
    const pair = await pairOf(21);
    pair.seller.settlement.cheat = 'never-seal';
    await startTrade(pair);
    await world.until(() => pair.buyer.market.trades()[0]?.state === 'accepted');
    await world.environment.advance(11_000);
    expect(tradeOf(pair.buyer).failure?.code).toBe('ERR_TRADE_SILENT');
    expect(tradeOf(pair.seller).failure?.code).toBe('ERR_TRADE_LOCAL');
    expect(pair.buyer.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0, filled: 0 });
    expect(pair.seller.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0, filled: 0 });
    await expectNothingMoved(pair);
  });

  it('ciphertext that does not match the offer is refused before any money is held', async () => {
    const pair = await pairOf(22);
    pair.seller.settlement.cheat = 'wrong-delivery';
    await startTrade(pair);
    await world.until(() => pair.seller.market.trades()[0]?.state === 'failed');
    expect(tradeOf(pair.buyer).failure?.code).toBe('ERR_TRADE_DELIVERY');
    expect(tradeOf(pair.seller).failure?.code).toBe('ERR_TRADE_REFUSED');
    await expectNothingMoved(pair);
    expect(pair.buyer.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
  });

  it.each([['wrong-key'], ['wrong-data']])('a %s complaint returns the money by itself', async (kind) => {
    const pair = await pairOf(23);
    pair.seller.settlement.cheat = 'wrong-key';
    fakeKind.set(pair.buyer.settlement, kind);
    await startTrade(pair);
    await world.until(
      () =>
        pair.buyer.market.trades()[0]?.state === 'failed' &&
        pair.seller.market.trades()[0]?.state === 'failed',
      120_000,
    );
    expect(tradeOf(pair.buyer).failure?.code).toBe('ERR_TRADE_COMPLAINT');
    expect(tradeOf(pair.seller).failure?.code).toBe('ERR_TRADE_COMPLAINT');
    expect(tradeOf(pair.buyer).steps.map((step) => step.state)).toContain('complained');
    await expectNothingMoved(pair);
    expect(pair.buyer.market.licences(pair.asset)).toMatchObject([{ status: 'returned' }]);
  });

  it('a false complaint changes nothing: the payment is final after the window', async () => {
    const pair = await pairOf(24);
    pair.buyer.settlement.cheat = 'false-complaint';
    await startTrade(pair);
    await world.until(() => pair.buyer.market.trades()[0]?.state === 'complained');
    expect((await pair.seller.market.balance(pair.seller.key, 'DUM1')).pending).toBe(10n);
    await world.environment.advance(120_000);
    expect(tradeOf(pair.seller).state).toBe('completed');
    expect((await pair.seller.market.balance(pair.seller.key, 'DUM1')).available).toBe(1010n);
    expect((await pair.buyer.market.balance(pair.buyer.key, 'DUM1')).available).toBe(990n);
  });

  it('no key by the release deadline: the buyer takes its money back', async () => {
    const pair = await pairOf(25);
    pair.seller.settlement.cheat = 'never-release';
    await startTrade(pair);
    await world.until(() => pair.buyer.market.trades()[0]?.state === 'agreed');
    expect(await pair.buyer.market.balance(pair.buyer.key, 'DUM1')).toEqual({
      available: 990n,
      held: 10n,
      pending: 0n,
    });
    expect(tradeOf(pair.buyer).atRisk).toBe(10n);
    await world.until(() => pair.buyer.market.trades()[0]?.state === 'failed', 60_000);
    expect(tradeOf(pair.buyer).failure?.code).toBe('ERR_TRADE_WITHDRAWN');
    await world.environment.advance(1_000);
    await expectNothingMoved(pair);
    expect(tradeOf(pair.seller).failure).toBeDefined();
    expect(tradeOf(pair.buyer).atRisk).toBe(0n);
  });

  it('S149 a killed buyer: the seller’s reservation ends at the accept deadline and the order trades again', async () => {
    const pair = await pairOf(26);
    await startTrade(pair);
    await world.until(
      () =>
        pair.seller.market.trades()[0]?.state === 'accepted' ||
        pair.seller.market.trades()[0]?.state === 'proposed',
      10_000,
      1,
    );
    await world.crash(pair.buyer);
    expect(pair.seller.market.orders()[0]!.reserved).toBe(1);
    await world.environment.advance(25_000);
    expect(tradeOf(pair.seller).failure?.code).toBe('ERR_TRADE_SILENT');
    expect(pair.seller.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
    expect(pair.seller.events.some((event) => event.type === 'trade' && event.trade.state === 'failed')).toBe(
      true,
    );
    const second = await world.node('second', { matchmaker: false });
    await world.link(second, pair.seller, pair.maker);
    await world.environment.advance(100);
    await second.market.buy({ asset: pair.asset, price: price('DUM1', 10), lifetimeMs: DAY });
    await world.until(() => second.market.trades()[0]?.state === 'completed');
  });

  it('a killed seller after the agreement: the buyer withdraws and is whole again', async () => {
    const pair = await pairOf(27);
    pair.seller.settlement.cheat = 'never-release';
    await startTrade(pair);
    await world.until(() => pair.buyer.market.trades()[0]?.state === 'agreed');
    await world.crash(pair.seller);
    await world.environment.advance(40_000);
    expect(tradeOf(pair.buyer).failure?.code).toBe('ERR_TRADE_WITHDRAWN');
    expect((await pair.buyer.market.balance(pair.buyer.key, 'DUM1')).available).toBe(1000n);
    expect(pair.buyer.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
  });

  it('silence of the buyer after the release pays the seller when the window ends', async () => {
    const pair = await pairOf(28);
    await startTrade(pair);
    await world.until(
      () =>
        pair.seller.market.trades()[0]?.state === 'agreed' ||
        pair.seller.market.trades()[0]?.state === 'released',
      10_000,
      1,
    );
    await world.crash(pair.buyer);
    await world.environment.advance(30_000);
    expect(tradeOf(pair.seller).state).toBe('released');
    expect(tradeOf(pair.seller).atRisk).toBe(10n);
    await world.environment.advance(90_000);
    expect(tradeOf(pair.seller).state).toBe('completed');
    expect((await pair.seller.market.balance(pair.seller.key, 'DUM1')).available).toBe(1010n);
  });

  it('a partition in the middle heals into one finished trade', async () => {
    const pair = await pairOf(29);
    await startTrade(pair);
    await world.until(() => pair.seller.market.trades()[0]?.state === 'proposed', 10_000, 1);
    world.networks.cut(pair.seller.key, pair.buyer.key);
    await world.environment.advance(3_000);
    world.networks.heal();
    world.networks.link(pair.seller.key, pair.buyer.key);
    await world.until(
      () =>
        pair.seller.market.trades()[0]?.state === 'completed' &&
        pair.buyer.market.trades()[0]?.state === 'completed',
      20_000,
    );
    expect((await pair.seller.market.balance(pair.seller.key, 'DUM1')).available).toBe(1010n);
  });

  it('a declined buyer without money keeps its bid open and sees why', async () => {
    const pair = await pairOf(30);
    // Two offers at once: the second agreement would exceed what is left, so one of them is declined.
    const rich = documentOf('rich');
    const asset = pair.seller.settlement.add(rich);
    await pair.seller.market.sell({ document: rich, price: price('DUM1', 600), supply: 2, lifetimeMs: DAY });
    await world.environment.advance(20);
    await pair.buyer.market.buy({ asset, price: price('DUM1', 600), lifetimeMs: DAY });
    await expect(
      pair.buyer.market.buy({ asset, price: price('DUM1', 600), lifetimeMs: DAY }),
    ).rejects.toMatchObject({ code: 'ERR_WALLET_INSUFFICIENT' });
    await world.until(() => pair.buyer.market.trades()[0]?.state === 'completed');
    expect((await pair.buyer.market.balance(pair.buyer.key, 'DUM1')).available).toBe(400n);
  });
});
