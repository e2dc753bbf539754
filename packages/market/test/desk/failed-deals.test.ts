import { price } from '@edmp/market';
import { signHalfBlock } from '@edmp/trustchain/block';
import { afterEach, describe, expect, it } from 'vitest';
import { crypto, documentOf } from '../support/documents.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

interface Trio {
  readonly seller: Node;
  readonly buyer: Node;
  readonly maker: Node;
  readonly asset: string;
}

/** Δ must leave room before the release deadline; the window for complaints is short so that tests can wait for it. */
const SHORT = {
  deltaMs: 500,
  shortComplaints: true,
  deadlines: { accept: 10_000, release: 10_000, complain: 60_000 },
};

async function trioOf(seed: number): Promise<Trio> {
  world = await createWorld(seed);
  const trio = await world.trio(SHORT);
  const asset = trio.seller.settlement.add(documentOf('goods'));
  return { ...trio, asset };
}

async function startTrade(
  { seller, buyer, asset }: Trio,
  more: { keepTrying?: boolean } = {},
): Promise<void> {
  await seller.market.sell({
    document: documentOf('goods'),
    price: price('DUM1', 10),
    supply: 1,
    lifetimeMs: DAY,
  });
  await world.environment.advance(20);
  await buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: DAY, ...more });
}

const untilBuyer = (trio: Trio, state: string, limitMs = 60_000, stepMs = 5) =>
  world.until(() => trio.buyer.market.trades()[0]?.state === state, limitMs, stepMs);

async function expectNothingMoved({ seller, buyer }: Trio): Promise<void> {
  const untouched = { available: 1000n, held: 0n, pending: 0n, earned: 0n };
  expect(await buyer.market.balance(buyer.key, 'DUM1')).toEqual(untouched);
  expect(await seller.market.balance(seller.key, 'DUM1')).toEqual(untouched);
}

describe('deals that fail', () => {
  it('MS109 with a seller that never seals: the buyer gives up, and nothing of either is reserved', async () => {
    const trio = await trioOf(21);
    trio.seller.settlement.cheat = 'never-seal';
    await startTrade(trio);
    await world.until(() => trio.buyer.market.trades()[0]?.state === 'failed', 400_000, 100);
    expect(tradeOf(trio.buyer).failure?.code).toBe('ERR_TRADE_SILENT');
    expect(trio.seller.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0, filled: 0 });
    await expectNothingMoved(trio);
  });

  it('M23 over ciphertext that is not what was offered: no money is held, and the bid does not buy later', async () => {
    const trio = await trioOf(22);
    trio.seller.settlement.cheat = 'wrong-delivery';
    await startTrade(trio);
    await untilBuyer(trio, 'failed');
    expect(tradeOf(trio.buyer).failure?.code).toBe('ERR_TRADE_DELIVERY');
    await expectNothingMoved(trio);
    await world.environment.advance(500);
    expect(trio.buyer.market.orders()[0]).toMatchObject({ status: 'cancelled', reserved: 0, filled: 0 });
    trio.seller.settlement.cheat = 'none';
    await world.environment.advance(60_000);
    expect(trio.buyer.market.trades()).toHaveLength(1);
  });

  it('M23 over ciphertext that is not what was offered: a bid that keeps trying buys from the next seller', async () => {
    const trio = await trioOf(23);
    trio.seller.settlement.cheat = 'wrong-delivery';
    const second = await world.node('second', {
      matchmaker: false,
      witnesses: { keys: trio.maker.market.notaryKeys },
      ...SHORT,
    });
    await world.link(second, trio.buyer, trio.maker);
    const document = documentOf('goods');
    second.settlement.add(document);
    await second.market.sell({ document, price: price('DUM1', 10), supply: 1, lifetimeMs: DAY });
    await startTrade(trio, { keepTrying: true });
    await world.until(() => trio.buyer.market.trades().some(({ state }) => state === 'completed'), 60_000);
    expect(tradeOf(trio.buyer, 'completed').seller).toEqual(second.key);
    expect(trio.buyer.market.orders()[0]).toMatchObject({ status: 'filled', filled: 1 });
    expect((await trio.buyer.market.balance(trio.buyer.key, 'DUM1')).available).toBe(990n);
  });

  it('with a key that opens nothing: the witness gives the money back, everybody sees it', async () => {
    const trio = await trioOf(24);
    trio.seller.settlement.cheat = 'wrong-key';
    await startTrade(trio);
    await untilBuyer(trio, 'returned', 120_000);
    expect(tradeOf(trio.buyer).failure?.code).toBe('ERR_TRADE_COMPLAINT');
    expect(tradeOf(trio.buyer).steps.map((step) => step.state)).toContain('complaining');
    await world.environment.advance(5_000);
    await expectNothingMoved(trio);
    expect(trio.buyer.market.tradeEvidence(tradeOf(trio.buyer).id).outcome).toMatchObject({
      kind: 'refund',
      certificate: { kind: 'refund' },
    });
    expect(trio.maker.market.licences(trio.asset)).toMatchObject([{ status: 'returned' }]);
    await world.until(() => trio.seller.market.orders()[0]?.status !== 'filled', 120_000, 500);
    expect(trio.seller.market.orders()[0]).toMatchObject({ status: 'open', filled: 0, reserved: 0 });
  });

  it('M8 a false complaint changes nothing: the payment stands', async () => {
    const trio = await trioOf(25);
    trio.buyer.settlement.cheat = 'false-complaint';
    await startTrade(trio);
    await world.until(() => trio.seller.market.trades()[0]?.state === 'completed', 300_000, 200);
    expect((await trio.seller.market.balance(trio.seller.key, 'DUM1')).earned).toBe(10n);
    expect((await trio.buyer.market.balance(trio.buyer.key, 'DUM1')).available).toBe(990n);
  });

  it('without a key by the release deadline: the witness gives the money back', async () => {
    const trio = await trioOf(26);
    trio.seller.settlement.cheat = 'never-release';
    await startTrade(trio);
    await untilBuyer(trio, 'held');
    expect(await trio.buyer.market.balance(trio.buyer.key, 'DUM1')).toEqual({
      available: 990n,
      held: 10n,
      pending: 0n,
      earned: 0n,
    });
    expect(tradeOf(trio.buyer).atRisk).toBe(10n);
    expect(trio.buyer.market.orders()[0]).toMatchObject({ reserved: 1, filled: 0 });
    await untilBuyer(trio, 'returned');
    expect(tradeOf(trio.buyer).failure?.code).toBe('ERR_TRADE_WITHDRAWN');
    expect(trio.buyer.market.tradeEvidence(tradeOf(trio.buyer).id).outcome?.kind).toBe('none');
    await world.environment.advance(20_000);
    await expectNothingMoved(trio);
    expect(tradeOf(trio.buyer).atRisk).toBe(0n);
    expect(trio.buyer.market.orders()[0]).toMatchObject({ status: 'cancelled', filled: 0, reserved: 0 });
  });

  it('MS149 with a killed buyer: an offer reserves nothing, and the next buyer gets it at once', async () => {
    const trio = await trioOf(27);
    await startTrade(trio);
    await world.until(() => trio.seller.market.trades()[0]?.state === 'offered', 10_000, 1);
    await world.crash(trio.buyer);
    expect(trio.seller.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
    const second = await world.node('second', {
      matchmaker: false,
      witnesses: { keys: trio.maker.market.notaryKeys },
      ...SHORT,
    });
    await world.link(second, trio.seller, trio.maker);
    await second.market.buy({ asset: trio.asset, price: price('DUM1', 10), lifetimeMs: DAY });
    await world.until(() => second.market.trades()[0]?.state === 'completed');
  });

  it('with a seller killed after the hold: the buyer is whole again', async () => {
    const trio = await trioOf(28);
    trio.seller.settlement.cheat = 'never-release';
    await startTrade(trio);
    await untilBuyer(trio, 'held');
    await world.crash(trio.seller);
    await untilBuyer(trio, 'returned', 120_000);
    expect((await trio.buyer.market.balance(trio.buyer.key, 'DUM1')).available).toBe(1000n);
  });

  it('with a buyer that is silent after the release: the end of the window pays the seller', async () => {
    const trio = await trioOf(29);
    const open = trio.buyer.settlement.open.bind(trio.buyer.settlement);
    Object.assign(trio.buyer.settlement, { open: () => new Promise(() => undefined), original: open });
    await startTrade(trio);
    await world.until(() => trio.seller.market.trades()[0]?.state === 'waiting', 20_000, 5);
    expect(tradeOf(trio.seller).atRisk).toBe(10n);
    await world.crash(trio.buyer);
    await world.until(() => trio.seller.market.trades()[0]?.state === 'completed', 300_000, 200);
    expect((await trio.seller.market.balance(trio.seller.key, 'DUM1')).earned).toBe(10n);
    expect(trio.seller.market.tradeEvidence(tradeOf(trio.seller).id).outcome?.kind).toBe('paid');
  });

  it('a partition in the middle heals into one finished trade', async () => {
    const trio = await trioOf(30);
    await startTrade(trio);
    await world.until(() => trio.seller.market.trades()[0]?.state === 'offered', 10_000, 1);
    world.networks.cut(trio.seller.key, trio.buyer.key);
    await world.environment.advance(3_000);
    world.networks.heal();
    world.networks.link(trio.seller.key, trio.buyer.key);
    await world.until(
      () =>
        trio.seller.market.trades()[0]?.state === 'completed' &&
        trio.buyer.market.trades()[0]?.state === 'completed',
      20_000,
    );
    expect((await trio.seller.market.balance(trio.seller.key, 'DUM1')).earned).toBe(10n);
  });
});

describe('the risk policy of a seller', () => {
  it('refuses a proven forker, and takes nothing from what it paid before', async () => {
    const trio = await trioOf(31);
    await startTrade(trio);
    await untilBuyer(trio, 'completed');
    await world.until(() => trio.seller.market.trades()[0]?.state === 'completed');
    const head = (await trio.buyer.store.head(trio.buyer.key))!;
    const fork = await signHalfBlock({ ...head.core, time: head.core.time + 1 }, trio.buyer.signer, crypto);
    await trio.seller.trustchain.receive(fork.bytes);
    await world.environment.advance(1_000);
    expect(await trio.seller.trustchain.isFraudulent(trio.buyer.key)).toBe(true);
    // M3: the seller keeps what it earned.
    expect((await trio.seller.market.balance(trio.seller.key, 'DUM1')).earned).toBe(10n);
    expect((await trio.seller.market.balance(trio.buyer.key, 'DUM1')).available).toBe(0n);
    const more = documentOf('more');
    const asset = trio.seller.settlement.add(more);
    await trio.seller.market.sell({ document: more, price: price('DUM1', 1), supply: 1, lifetimeMs: DAY });
    await world.environment.advance(50);
    await trio.buyer.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY }).catch(() => undefined);
    await world.environment.advance(5_000);
    expect(trio.seller.market.trades()).toHaveLength(1);
  });
});
