import { price } from '@edmp/market';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { OpenOffers } from '../src/negotiation/open-offers.ts';
import { documentOf } from './support/documents.ts';
import { createWorld, DAY, type World } from './support/world.ts';

describe('open offers', () => {
  it('are at most so many of one seller, and whoever waited longest is next', () => {
    const called: string[] = [];
    const offers = new OpenOffers(2, (bid) => called.push(bid));
    expect(['a', 'b', 'c', 'd'].map((bid) => offers.take('seller', bid))).toEqual([true, true, false, false]);
    expect(offers.take('other seller', 'e')).toBe(true);
    offers.give('seller');
    expect(called).toEqual(['c']);
    expect(offers.take('seller', 'c')).toBe(true);
    offers.give('other seller');
    expect(called).toEqual(['c']);
    offers.give('seller');
    expect(called).toEqual(['c', 'd']);
  });

  it('never keep a bid waiting while there is a place, whatever the bids that are called do', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ give: fc.boolean(), takes: fc.boolean() }), { maxLength: 60 }),
        (steps) => {
          const queue: string[] = [];
          const offers = new OpenOffers(3, (bid) => queue.push(bid));
          let open = 0;
          let bids = 0;
          const waiting = new Set<string>();
          const tryOne = (bid: string): void => {
            if (offers.take('seller', bid)) open += 1;
            else waiting.add(bid);
          };
          for (const { give, takes } of steps) {
            if (give && open > 0) {
              open -= 1;
              offers.give('seller');
            } else tryOne(`bid ${bids++}`);
            for (let bid = queue.shift(); bid !== undefined; bid = queue.shift()) {
              waiting.delete(bid);
              if (takes) tryOne(bid);
              offers.next();
            }
            expect(open).toBeLessThanOrEqual(3);
            if (waiting.size > 0) expect(open).toBe(3);
          }
        },
      ),
    );
  });
});

describe('many bids at once for what one seller sells', () => {
  let world: World;
  afterEach(async () => {
    await world.stop();
  });

  it('wait for their turn: no deal is declined, and all are made', async () => {
    world = await createWorld(51);
    const { seller, buyer } = await world.trio();
    const unit = price('DUM1', 1);
    for (let i = 0; i < 12; i++) {
      const document = documentOf(`at once ${i}`);
      seller.settlement.add(document);
      await world.run(seller.market.sell({ document, price: unit, supply: 1, lifetimeMs: DAY }));
    }
    await world.environment.advance(1_000);
    const assets = buyer.market.openOrders().map(({ asset }) => asset);
    expect(assets).toHaveLength(12);
    await world.run(
      Promise.all(assets.map((asset) => buyer.market.buy({ asset, price: unit, lifetimeMs: DAY }))),
    );
    await world.until(() => buyer.market.trades().filter(({ state }) => state === 'completed').length === 12);
    expect(buyer.market.trades().filter(({ state }) => state === 'failed')).toEqual([]);
  });
});
