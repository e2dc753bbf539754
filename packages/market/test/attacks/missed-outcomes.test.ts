/** What came back is free again for those, too, who were away when it was told (review M10, M11). */

import { afterEach, describe, expect, it } from 'vitest';
import { purse, SHORT, sell } from '../support/rogue.ts';
import { createWorld, DAY, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const HOUR = 3_600_000;

/** A deal that a silent seller let lapse, while `away` heard of the hold and of nothing after it. */
async function lapsed(seed: number) {
  world = await createWorld(seed);
  const { seller, buyer, maker } = await world.trio(SHORT);
  const away = await world.node('away', {
    ...SHORT,
    matchmaker: false,
    witnesses: { keys: maker.market.notaryKeys },
  });
  await world.link(seller, buyer, maker, away);
  seller.settlement.cheat = 'never-release';
  const order = await sell(seller, 'gold', 900, { lifetimeMs: 30 * DAY });
  await world.environment.advance(300);
  await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY });
  await world.until(() => buyer.market.trades()[0]?.state === 'held', 20_000, 1);
  await world.environment.advance(1_000);
  expect(await purse(away, buyer)).toBe('100/900/0');
  expect(await away.market.listings()).toEqual([]);
  world.networks.partition([seller.key, buyer.key, maker.key], [away.key]);
  await world.until(() => buyer.market.trades()[0]?.state === 'returned', HOUR, 100);
  await world.environment.advance(5_000);
  seller.settlement.cheat = 'none';
  world.networks.heal();
  await world.link(seller, buyer, maker, away);
  return { seller, buyer, maker, away, order };
}

describe('an outcome that somebody missed', () => {
  it('M10 the buyer’s money is good there all the same: it buys for all that it has', async () => {
    const { buyer, away } = await lapsed(360);
    const other = await sell(away, 'silver', 1_000);
    await world.environment.advance(500);
    await world.run(buyer.market.buy({ asset: other.asset, price: other.price, lifetimeMs: DAY }));
    await world.until(() => buyer.market.trades().at(-1)?.finished === true, 120_000, 50);
    expect(tradeOf(away).state).toBe('completed');
    expect(await purse(away, away)).toBe('1000/0/1000');
  });

  it('M11 the listing is open there again, and can be bought', async () => {
    const { seller, away, order } = await lapsed(361);
    await world.until(() => seller.market.orders()[0]?.status === 'open', 60_000, 100);
    let listed = 0;
    for (let minutes = 0; minutes < 15 && listed === 0; minutes++) {
      await world.environment.advance(60_000);
      listed = (await away.market.listings()).length;
    }
    expect(listed).toBe(1);
    await away.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY });
    await world.until(() => away.market.trades()[0]?.state === 'completed', 60_000, 50);
  });
});
