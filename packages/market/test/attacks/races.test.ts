/** Races and edges: cancel against match, expiry against negotiation, amounts at their limits, bad listeners (review M18 to M24). */

import { isEdmpError } from '@edmp/interface';
import { price, UNLIMITED_SUPPLY } from '@edmp/market';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOf } from '../support/documents.ts';
import { purse, Rogue, SHORT, said, sell } from '../support/rogue.ts';
import { createWorld, DAY, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'ok',
    (error: unknown) => (isEdmpError(error) ? error.code : `raw ${String(error)}`),
  );

/** Whatever the race: both sides agree about what happened, and nothing is left taken. */
async function settled(
  seed: number,
  work: (s: Awaited<ReturnType<World['trio']>>) => Promise<void>,
): Promise<string> {
  world = await createWorld(seed, 3);
  const s = await world.trio(SHORT);
  await work(s);
  await world.environment.advance(300_000);
  const sold = s.seller.market.trades().filter(({ state }) => state === 'completed').length;
  const bought = s.buyer.market.trades().filter(({ state }) => state === 'completed').length;
  expect(bought).toBe(sold);
  for (const viewer of [s.seller, s.buyer]) {
    expect(await purse(viewer, s.seller)).toBe(`1000/0/${5 * sold}`);
    expect(await purse(viewer, s.buyer)).toBe(`${1_000 - 5 * sold}/0/0`);
  }
  for (const node of [s.seller, s.buyer]) {
    for (const order of node.market.orders()) expect(order.reserved).toBe(0);
    for (const trade of node.market.trades()) expect(trade.finished).toBe(true);
  }
  const [ask] = s.seller.market.orders();
  expect(ask!.status === 'filled').toBe(sold === 1);
  await world.stop();
  return ask!.status;
}

describe('cancel and expiry', () => {
  it('M12 40 cancels at every moment of a deal: sold, or cancelled and free', async () => {
    const ends = new Set<string>();
    for (let at = 0; at < 40; at++) {
      ends.add(
        await settled(600 + at, async ({ seller, buyer }) => {
          const order = await sell(seller, 'gold', 5);
          await world.environment.advance(100);
          await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY - 1 });
          await world.environment.advance(at);
          expect(await codeOf(world.run(seller.market.cancel(order.id)))).toMatch(/^(ok|ERR_ORDER_CLOSED)$/);
        }),
      );
    }
    expect([...ends].sort()).toEqual(['cancelled', 'filled']);
  }, 120_000);

  it('MS145 40 asks that expire around the moment of their deal: sold, or expired and free', async () => {
    const ends = new Set<string>();
    for (let at = 0; at < 40; at++) {
      ends.add(
        await settled(650 + at, async ({ seller, buyer }) => {
          const order = await sell(seller, 'gold', 5, { lifetimeMs: 80 + at });
          await world.environment.advance(80);
          await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY - 1 });
        }),
      );
    }
    expect([...ends].sort()).toEqual(['expired', 'filled']);
  }, 120_000);
});

describe('amounts', () => {
  it('M19 huge, dusty and malformed amounts are taken or refused with a code, and never trade wrongly', async () => {
    world = await createWorld(700, 1);
    const { seller, buyer } = await world.trio(SHORT);
    const most = Number.MAX_SAFE_INTEGER;
    const order = await sell(seller, 'gold', 1n, {
      price: price('DUM1', 2n ** 63n - 1n, 3),
      supply: UNLIMITED_SUPPLY,
    });
    const bid = { asset: order.asset, lifetimeMs: DAY - 1, again: true };
    const codes = [
      await codeOf(buyer.market.buy({ ...bid, price: price('DUM1', 1, most), quantity: most })),
      await codeOf(buyer.market.buy({ ...bid, price: price('DUM1', 1), quantity: most })),
      await codeOf(buyer.market.buy({ ...bid, price: { currency: 'DUM1', amount: 1n, per: 0n } })),
      await codeOf(buyer.market.buy({ ...bid, price: { currency: 'DUM1', amount: 5.5, per: 1 } as never })),
      await codeOf(buyer.market.buy(undefined as never)),
      await codeOf(
        seller.market.sell({ document: {} as never, price: price('DUM1', 1), supply: 1, lifetimeMs: 1 }),
      ),
      await codeOf(seller.market.sell(null as never)),
    ];
    for (const code of codes)
      expect(code).toMatch(/^(ok|ERR_ORDER_AMOUNT|ERR_WALLET_INSUFFICIENT|ERR_MARKET_FORMAT)$/);
    expect(codes.slice(1)).not.toContain('ok');
    await world.environment.advance(5_000);
    expect(buyer.market.trades()).toEqual([]);
    expect(await purse(buyer, buyer)).toBe('1000/0/0');
  });
});

describe('M18 a bug of the application', () => {
  it.each(['offered', 'releasing', 'acknowledged', 'waiting', 'fetching', 'held', 'opening'])(
    'M18 a listener that throws when a trade is %s wedges nothing',
    async (state) => {
      world = await createWorld(710 + state.length);
      const { seller, buyer } = await world.trio(SHORT);
      for (const { market } of [seller, buyer]) {
        market.on((event) => {
          if (event.type === 'trade' && event.trade.state === state) throw new Error('a bug in a listener');
        });
        market.on(async (event) => {
          if (event.type !== 'evidence') throw new Error('another one');
        });
      }
      const order = await sell(seller, 'gold', 9);
      await world.environment.advance(500);
      await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY });
      await world.until(
        () =>
          seller.market.trades()[0]?.state === 'completed' && buyer.market.trades()[0]?.state === 'completed',
        30_000,
      );
      expect(seller.market.orders()[0]).toMatchObject({ status: 'filled', reserved: 0 });
    },
  );
});

describe('M20 what a buyer hides of others', () => {
  it('M20 payments to a buyer in test money raise nothing that it can spend, shown or hidden', async () => {
    world = await createWorld(720);
    const { seller, buyer, maker } = await world.trio(SHORT);
    const friend = await world.node('friend', {
      ...SHORT,
      matchmaker: false,
      witnesses: { keys: maker.market.notaryKeys },
    });
    await world.link(seller, buyer, maker, friend);
    await world.run(friend.market.transfer({ currency: 'DUM1', to: buyer.key, amount: 1_000n }));
    await world.environment.advance(1_000);
    const order = await sell(seller, 'gold', 1_001);
    await world.environment.advance(300);
    expect(await codeOf(buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY }))).toBe(
      'ERR_WALLET_INSUFFICIENT',
    );
    const proposed = await new Rogue(world, buyer, maker.market.notaryKeys).propose(seller, order);
    expect(said(proposed.reply)).toMatch(/^(funds|risk)/);
  });

  it('M20 a seller’s view of a payer rests on the payer’s own chain: what others hide changes nothing', async () => {
    world = await createWorld(721);
    const { seller, buyer, maker } = await world.trio(SHORT);
    // The buyer serves nobody’s blocks but its own.
    world.networks.tamper(buyer.key, ({ name, kind, body }) =>
      kind === 'response' && name.includes('links') ? undefined : body,
    );
    const order = await sell(seller, 'gold', 1_000);
    await world.environment.advance(300);
    await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY });
    await world.until(() => buyer.market.trades()[0]?.state === 'completed', 30_000);
    const second = await sell(seller, 'more', 1);
    await world.environment.advance(300);
    const proposed = await new Rogue(world, buyer, maker.market.notaryKeys).propose(seller, second);
    expect(said(proposed.reply)).toMatch(/^funds/);
  });
});

describe('M24 policy at its limit', () => {
  it.each([1, 2])('M24 MS113 RESTRICT(%i): that many payments may be open, and not one more', async (k) => {
    world = await createWorld(730 + k);
    const { defaultRiskPolicy } = await import('@edmp/market/risk');
    const { seller, buyer, maker } = await world.trio({
      ...SHORT,
      risk: { ...defaultRiskPolicy, maxOpenObligations: k },
    });
    const order = await sell(seller, 'gold', 5, { supply: 10 });
    await world.environment.advance(300);
    const rogue = new Rogue(world, buyer, maker.market.notaryKeys);
    let prev = null;
    for (let n = 1; n <= k; n++) {
      const proposed = await rogue.propose(seller, order);
      const hold = await rogue.agree(proposed, { n, prev, balance: 1_000n - 5n * BigInt(n - 1) });
      expect(said(await rogue.show(seller, hold))).toBe('released');
      prev = hold.id;
    }
    expect(said((await rogue.propose(seller, order)).reply)).toMatch(/^risk: ERR_RISK_OBLIGATIONS/);
    // When the windows are over nobody owes anything any more.
    await world.environment.advance(200_000);
    expect(said((await rogue.propose(seller, order)).reply)).toBe('accept');
    // An honest trade never is in its own way.
    await world.stop();
    world = await createWorld(740 + k);
    const honest = await world.trio({ ...SHORT, risk: { ...defaultRiskPolicy, maxOpenObligations: k } });
    const ask = await sell(honest.seller, 'gold', 5);
    await world.environment.advance(300);
    await honest.buyer.market.buy({ asset: ask.asset, price: ask.price, lifetimeMs: DAY });
    await world.until(() => honest.buyer.market.trades()[0]?.state === 'completed', 30_000);
    expect(tradeOf(honest.buyer).amount).toBe(5n);
  });
});

describe('M23 what is undone stays undone', () => {
  it('M23 a failed offer after its ask was published keeps the ask sellable', async () => {
    world = await createWorld(750);
    const { seller, buyer } = await world.trio(SHORT);
    const wanted = { document: documentOf('gold'), price: price('DUM1', 5), supply: 1, lifetimeMs: DAY };
    // Refused before anything is signed: the same offer works afterwards, once.
    expect(await codeOf(seller.market.sell(wanted))).toBe('ERR_ORDER_NO_DATA');
    seller.settlement.add(wanted.document);
    const stop = new AbortController();
    stop.abort();
    expect(await codeOf(seller.market.sell(wanted, { signal: stop.signal }))).toBe('ERR_ABORTED');
    const order = await seller.market.sell(wanted);
    expect(await codeOf(seller.market.sell(wanted))).toBe('ERR_ORDER_EXCLUSIVE');
    await world.environment.advance(300);
    await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY });
    await world.until(() => buyer.market.trades()[0]?.state === 'completed', 30_000);
    expect(seller.market.orders()).toHaveLength(1);
  });
});
