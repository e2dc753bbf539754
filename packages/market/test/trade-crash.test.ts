import type { BlockStore, KeyValueStore } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { releaseOf } from '../src/blocks/release.ts';
import { spendingOf } from '../src/blocks/spending.ts';
import { RELEASE_TYPE, TRADE_TYPE } from '../src/blocks/types.ts';
import { isFinished } from '../src/trade/states.ts';
import { assetOf, documentOf } from './support/documents.ts';
import {
  HOUR,
  MINUTE,
  stateOf,
  type Trader,
  type TraderOptions,
  TradingWorld,
  tradeOf,
} from './support/trading/world.ts';

let world: TradingWorld;
afterEach(async () => {
  await world.stop();
});

/** Lets a process die at its nth write: before the bytes are on disk, or after, and before anybody hears of it. */
class Killer {
  armed = false;
  dead = false;
  writes = 0;
  readonly at: number;
  readonly when: 'before' | 'after';

  constructor(at: number, when: 'before' | 'after') {
    this.at = at;
    this.when = when;
  }

  async write<T>(work: () => Promise<T>): Promise<T> {
    if (!this.armed) return work();
    if (this.dead) return new Promise<T>(() => undefined);
    this.writes += 1;
    if (this.writes !== this.at) return work();
    if (this.when === 'after') await work();
    this.dead = true;
    return new Promise<T>(() => undefined);
  }

  options(): TraderOptions {
    const kill = <T>(work: () => Promise<T>): Promise<T> => this.write(work);
    return {
      records: (real): KeyValueStore => ({
        ...real,
        setMany: (changes) => kill(() => real.setMany(changes)),
      }),
      blocks: (real): BlockStore => ({
        ...real,
        put: (blocks, options) => kill(() => real.put(blocks, options)),
        reserve: (...args) => kill(() => real.reserve(...args)),
      }),
    };
  }
}

/** What must hold whatever died when. */
async function expectSound(seller: Trader, buyer: Trader): Promise<void> {
  const holds = (await buyer.blocks.byType(TRADE_TYPE, { author: buyer.key, limit: 100 })).map(
    ({ block }) => block,
  );
  const releases = (await seller.blocks.byType(RELEASE_TYPE, { author: seller.key, limit: 100 })).map(
    ({ block }) => releaseOf(block).hold.toString(),
  );
  expect(new Set(releases).size, 'two releases of one hold').toBe(releases.length);
  const proposals = holds.map((block) => block.core.link?.toString());
  expect(new Set(proposals).size, 'two holds of one proposal').toBe(proposals.length);
  const numbers = holds.map((block) => spendingOf(block)?.money.n);
  expect(new Set(numbers).size, 'two payments of one number').toBe(numbers.length);
  expect(await world.traders[0]?.chain.isFraudulent(buyer.key)).toBe(false);
  expect(await world.traders[1]?.chain.isFraudulent(seller.key)).toBe(false);
}

async function run(victim: 'seller' | 'buyer', killer: Killer): Promise<boolean> {
  world = new TradingWorld(killer.at * 2 + (killer.when === 'after' ? 1 : 0));
  await world.witness('witness');
  const seller = await world.trader('seller', victim === 'seller' ? killer.options() : {});
  const buyer = await world.trader('buyer', victim === 'buyer' ? killer.options() : {});
  world.linkAll();
  await world.environment.advance(200);
  const document = documentOf('June');
  await world.sell(seller, document);
  killer.armed = true;
  const asset = assetOf(document);
  // Whoever dies while the bid is being signed never hears of it.
  world.buy(buyer, asset).catch(() => undefined);
  const ended = (): boolean => [seller, buyer].every((one) => isFinished(stateOf(one) ?? 'proposing'));
  for (let i = 0; i < 400 && !killer.dead && !ended(); i++) await world.environment.advance(5);
  if (killer.dead) {
    killer.armed = false;
    const dead = victim === 'seller' ? seller : buyer;
    world.networks.crash(dead.key);
    dead.stop.abort();
    await world.environment.advance(20);
    await world.restart(dead);
    await world.environment.advance(20);
    if (stateOf(buyer) === undefined) await world.buy(buyer, asset);
  }
  await world.until(ended, 6 * HOUR, 500);
  await expectSound(seller, buyer);
  const earned = buyer.ledger.balance(seller.key, 'DUM1').earned;
  const left = buyer.ledger.balance(buyer.key, 'DUM1').available;
  expect(earned + left).toBe(1_000n);
  if (tradeOf(buyer).state === 'completed') expect(earned).toBe(10n);
  if (tradeOf(seller).state === 'completed') expect(earned).toBe(10n);
  const died = killer.dead;
  if (died) await world.stop();
  return died;
}

describe('a crash at every write', () => {
  for (const victim of ['seller', 'buyer'] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`H18 of the ${victim}, ${when} the bytes are on disk, never makes two of anything`, async () => {
        let at = 1;
        while (await run(victim, new Killer(at, when))) at += 1;
        // Reservations, blocks and records: the run saw each of them.
        expect(at).toBeGreaterThan(6);
      }, 60_000);
    }
  }
});

describe('failing writes', () => {
  it('H18 a key that cannot be written down is not released, and is tried again with the same wrap', async () => {
    let failures = 3;
    world = new TradingWorld(180);
    await world.witness('witness');
    const seller = await world.trader('seller', {
      records: (real) => ({
        ...real,
        setMany: async (changes) => {
          if (changes.some(([key]) => key.endsWith('/draft')) && failures-- > 0) throw new Error('disk full');
          return real.setMany(changes);
        },
      }),
    });
    const buyer = await world.trader('buyer');
    world.linkAll();
    await world.environment.advance(200);
    const document = documentOf('June');
    await world.sell(seller, document);
    await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(seller) === 'completed' && stateOf(buyer) === 'completed', 5 * MINUTE);
    expect(seller.settlement.calls.get('release')).toBe(1);
    expect(seller.problems).toHaveLength(3);
    await expectSound(seller, buyer);
  });
});
