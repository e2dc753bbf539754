import { seededRandom } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { releaseOf } from '../src/blocks/release.ts';
import { spendingOf } from '../src/blocks/spending.ts';
import { RELEASE_TYPE, TRADE_TYPE } from '../src/blocks/types.ts';
import { isFinished } from '../src/trade/states.ts';
import { documentOf } from './support/documents.ts';
import { HOUR, MINUTE, type Trader, TradingWorld } from './support/trading/world.ts';

let world: TradingWorld;
afterEach(async () => {
  await world.stop();
});

/** A town whose nodes are cut off, crash and come back at random; then everything heals. */
async function history(seed: number): Promise<void> {
  const random = seededRandom(seed).fork('faults');
  const upTo = (n: number): number => random.bytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % n;
  world = new TradingWorld(seed);
  for (const name of ['w1', 'w2']) await world.witness(name);
  const sellers: Trader[] = [];
  const buyers: Trader[] = [];
  for (let i = 0; i < 2; i++) sellers.push(await world.trader(`seller ${i}`));
  for (let i = 0; i < 3; i++) buyers.push(await world.trader(`buyer ${i}`));
  world.linkAll();
  await world.environment.advance(500);
  const asks = [];
  for (const [i, seller] of sellers.entries()) {
    for (const supply of [1, 2, 5]) {
      const document = documentOf(`${i} ${supply}`);
      const witnesses = world.witnesses.map(({ witness }) => witness.key);
      asks.push(await world.sell(seller, document, { supply, amount: BigInt(1 + upTo(50)), witnesses }));
    }
  }
  const down = new Set<Trader>();
  for (let step = 0; step < 40; step++) {
    const buyer = buyers[upTo(buyers.length)];
    const ask = asks[upTo(asks.length)];
    const dice = upTo(10);
    if (dice < 4 && buyer !== undefined && ask !== undefined && !down.has(buyer)) {
      world.buy(buyer, ask.asset, { amount: 60n, quantity: 1 + upTo(2) }).catch(() => undefined);
    } else if (dice === 4) {
      const all = [
        ...world.traders.map(({ key }) => key),
        ...world.witnesses.map(({ network }) => network.self),
      ];
      const left = all.filter(() => upTo(3) > 0);
      world.networks.partition(
        left,
        all.filter((key) => !left.includes(key)),
      );
    } else if (dice === 5 || dice === 6) {
      world.networks.heal();
      world.linkAll();
    } else if (dice === 7) {
      const victim = world.traders[upTo(world.traders.length)];
      if (victim !== undefined && !down.has(victim)) {
        await world.crash(victim);
        down.add(victim);
      }
    } else if (dice === 8) {
      for (const trader of down) await world.restart(trader);
      down.clear();
    }
    await world.environment.advance([3, 20, 400, 20_000, 4 * MINUTE, 15 * MINUTE][upTo(6)] ?? 1);
  }
  for (const trader of down) await world.restart(trader);
  world.networks.heal();
  world.linkAll();
  await world.until(
    () => world.traders.every(({ trading }) => trading.engine.all().every(({ state }) => isFinished(state))),
    12 * HOUR,
    5_000,
  );
  await expectSound(sellers, buyers);
}

async function expectSound(sellers: readonly Trader[], buyers: readonly Trader[]): Promise<void> {
  for (const buyer of buyers) {
    const holds = (await buyer.blocks.byType(TRADE_TYPE, { author: buyer.key, limit: 500 })).map(
      ({ block }) => block,
    );
    const numbers = holds.map((block) => spendingOf(block)?.money.n);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    for (const trade of buyer.trading.engine.all()) {
      if (trade.hold === null) expect(['failed']).toContain(trade.state);
      else expect(trade.state).not.toBe('failed');
    }
    expect(buyer.problems).toEqual([]);
  }
  for (const seller of sellers) {
    const releases = await seller.blocks.byType(RELEASE_TYPE, { author: seller.key, limit: 500 });
    const released = releases.map(({ block }) => releaseOf(block).hold.toString());
    expect(new Set(released).size).toBe(released.length);
    const sold = new Map<string, number>();
    for (const trade of seller.trading.engine.all()) {
      const key = trade.encoded.terms.ask.toString();
      if (trade.state === 'completed') sold.set(key, (sold.get(key) ?? 0) + trade.encoded.terms.quantity);
      const back = trade.hold === null ? null : seller.ledger.hold(trade.hold.key)?.outcome?.kind;
      // Whoever says that it was paid was paid or holds the receipt, and nobody that gave its key in time lost its money.
      if (trade.state === 'completed' && trade.receipt === null) expect(['paid', 'receipt']).toContain(back);
      if (trade.state === 'completed') expect(['none', 'refund']).not.toContain(back);
      if (trade.state === 'lost') expect(back).toBe('none');
    }
    for (const [key, quantity] of sold) {
      expect(quantity).toBeLessThanOrEqual(seller.orders.get(key)?.order.quantity ?? 0);
      expect(seller.trading.left(key)).toBe((seller.orders.get(key)?.order.quantity ?? 0) - quantity);
    }
    expect(seller.problems).toEqual([]);
  }
}

describe('random histories', () => {
  const seeds = Number(process.env.EDMP_TRADE_SEEDS ?? 4);
  for (let seed = 1; seed <= seeds; seed++) {
    it(`every trade ends, nothing is oversold or released twice (seed ${seed})`, () => history(seed), 60_000);
  }
});
