import type { KeyValueStore } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { MarketError } from '../src/errors.ts';
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

/** A disk that has no room for records from its nth write on, for a while. */
class FullDisk {
  writes = 0;
  refused = 0;
  at: number;
  times: number;

  constructor(at: number, times: number) {
    this.at = at;
    this.times = times;
  }

  records(real: KeyValueStore): KeyValueStore {
    return {
      ...real,
      setMany: (changes) => {
        this.writes += 1;
        if (this.writes < this.at || this.refused >= this.times) return real.setMany(changes);
        this.refused += 1;
        return Promise.reject(new MarketError('ERR_MARKET_FORMAT', 'No space is left on the disk'));
      },
    };
  }
}

async function begin(
  seed: number,
  disks: { readonly seller?: FullDisk; readonly buyer?: FullDisk },
): Promise<{ readonly seller: Trader; readonly buyer: Trader }> {
  world = new TradingWorld(seed);
  const optionsOf = (disk: FullDisk | undefined): TraderOptions =>
    disk === undefined ? {} : { records: (real: KeyValueStore) => disk.records(real) };
  await world.witness('witness');
  const seller = await world.trader('seller', optionsOf(disks.seller));
  const buyer = await world.trader('buyer', optionsOf(disks.buyer));
  world.linkAll();
  await world.environment.advance(200);
  return { seller, buyer };
}

/** Crashes a trader right after it said that its trade ended, and expects the same end afterwards. */
async function expectKept(trader: Trader, drawn: string): Promise<void> {
  const { state, failure } = tradeOf(trader);
  await world.crash(trader);
  await world.restart(trader);
  expect(stateOf(trader), drawn).toBe(state);
  expect(tradeOf(trader).failure, drawn).toEqual(failure);
  expect(tradeOf(trader).steps.filter((step) => isFinished(step.state))).toHaveLength(1);
}

describe('a disk that is full at one moment', () => {
  for (const victim of ['buyer', 'seller'] as const) {
    it(`never undoes an end that the ${victim} was told`, async () => {
      let refused = 0;
      for (let at = 1; ; at++) {
        const disk = new FullDisk(at, 2);
        const traders = await begin(at, { [victim]: disk });
        const trader = traders[victim];
        const document = documentOf('June');
        await world.sell(traders.seller, document);
        await world.buy(traders.buyer, assetOf(document));
        const ended = (): boolean => isFinished(stateOf(trader) ?? 'proposing');
        // A seller that cannot write its offer down makes none: its buyer asks again later, or the bid ends.
        await world.until(() => ended() || traders.buyer.exhausted.length > 0, 3 * HOUR, 50);
        if (ended()) await expectKept(trader, `${victim}, write ${at}`);
        await world.stop();
        refused += disk.refused;
        if (disk.refused === 0) break;
      }
      expect(refused).toBeGreaterThan(4);
    }, 60_000);
  }

  it('keeps an end back for as long as the disk is full, and tells it once', async () => {
    const disk = new FullDisk(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    const { seller, buyer } = await begin(7, { buyer: disk });
    const ends: string[] = [];
    buyer.trading.engine.on((event) => {
      if (event.type === 'ended') ends.push(event.trade.state);
    });
    const document = documentOf('June');
    await world.sell(seller, document);
    await world.buy(buyer, assetOf(document));
    await world.until(() => buyer.states.includes('held'), MINUTE, 1);
    disk.at = 1;
    await world.until(() => stateOf(seller) === 'completed', MINUTE);
    await world.environment.advance(2 * HOUR);
    expect(disk.refused).toBeGreaterThan(5);
    expect(stateOf(buyer)).toBe('opening');
    expect(ends).toEqual([]);
    disk.times = 0;
    await world.until(() => stateOf(buyer) === 'completed', 10 * MINUTE);
    expect(ends).toEqual(['completed']);
    await expectKept(buyer, 'a disk that was full for hours');
  });

  it('ends what it never wrote down: a restart knows nothing of it', async () => {
    const { seller, buyer } = await begin(8, { buyer: new FullDisk(1, Number.POSITIVE_INFINITY) });
    const document = documentOf('June');
    await world.sell(seller, document);
    world.networks.crash(seller.key);
    await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'failed', HOUR, 1_000);
    expect(tradeOf(buyer).failure?.code).toBe('ERR_TRADE_SILENT');
    await world.crash(buyer);
    await world.restart(buyer);
    expect(stateOf(buyer)).toBeUndefined();
  });
});
