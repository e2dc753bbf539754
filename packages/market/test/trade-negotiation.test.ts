import { afterEach, describe, expect, it } from 'vitest';
import { assetOf, documentOf } from './support/documents.ts';
import { HOUR, MINUTE, stateOf, type Trader, TradingWorld, tradeOf } from './support/trading/world.ts';

let world: TradingWorld;
afterEach(async () => {
  await world.stop();
});

async function town(seed: number, ...names: readonly string[]): Promise<readonly Trader[]> {
  world = new TradingWorld(seed);
  await world.witness('witness');
  const traders: Trader[] = [];
  for (const name of names) traders.push(await world.trader(name));
  world.linkAll();
  await world.environment.advance(200);
  return traders;
}

const statesOf = (trader: Trader): readonly string[] => trader.trading.engine.all().map(({ state }) => state);

describe('a buyer', () => {
  it('tries the cheapest seller first, and the next one when it does not deliver', async () => {
    const [dear, cheap, buyer] = (await town(11, 'dear', 'cheap', 'buyer')) as [Trader, Trader, Trader];
    const document = documentOf('June');
    await world.sell(dear, document, { amount: 50n, supply: 5 });
    const best = await world.sell(cheap, document, { amount: 5n, supply: 5 });
    cheap.settlement.cheat = 'wrong-delivery';
    await world.buy(buyer, assetOf(document), { amount: 60n });
    await world.until(() => stateOf(buyer) === 'completed', MINUTE);
    const [first, second] = buyer.trading.engine.all();
    expect(first).toMatchObject({ state: 'failed', failure: { code: 'ERR_TRADE_DELIVERY' } });
    expect(first?.encoded.terms.ask.toString()).toBe(best.key);
    expect(second?.encoded.terms.amount).toBe(50n);
    expect(dear.ledger.balance(dear.key, 'DUM1').earned).toBe(50n);
  });

  it('pays the ask’s price, whatever it bid', async () => {
    const [seller, buyer] = (await town(12, 'seller', 'buyer')) as [Trader, Trader];
    const document = documentOf('June');
    await world.sell(seller, document, { amount: 5n });
    await world.buy(buyer, assetOf(document), { amount: 900n });
    await world.until(() => stateOf(buyer) === 'completed', MINUTE);
    expect(buyer.ledger.balance(buyer.key, 'DUM1').available).toBe(995n);
  });

  it('buys from several sellers until its quantity is there', async () => {
    const [one, two, buyer] = (await town(13, 'one', 'two', 'buyer')) as [Trader, Trader, Trader];
    const document = documentOf('June');
    await world.sell(one, document, { amount: 5n, supply: 2 });
    await world.sell(two, document, { amount: 7n, supply: 9 });
    const bid = await world.buy(buyer, assetOf(document), { amount: 10n, quantity: 5 });
    await world.until(() => statesOf(buyer).filter((state) => state === 'completed').length === 2, MINUTE);
    expect(buyer.trading.engine.all().map(({ encoded }) => encoded.terms.quantity)).toEqual([2, 3]);
    expect(buyer.trading.engine.tally.taken(bid.key)).toBe(5);
    expect(buyer.ledger.balance(buyer.key, 'DUM1').available).toBe(1_000n - 10n - 21n);
  });

  it('takes a counter-offer of less with one more proposal', async () => {
    const [seller, first, second] = (await town(14, 'seller', 'first', 'second')) as [Trader, Trader, Trader];
    const document = documentOf('June');
    await world.sell(seller, document, { amount: 5n, supply: 3 });
    await world.buy(first, assetOf(document), { quantity: 2 });
    await world.until(() => stateOf(first) === 'completed', MINUTE);
    await world.buy(second, assetOf(document), { quantity: 3 });
    await world.until(() => stateOf(second) === 'completed', MINUTE);
    expect(statesOf(second)).toEqual(['failed', 'completed']);
    expect(second.trading.engine.all()[0]?.failure).toMatchObject({ code: 'ERR_TRADE_DECLINED' });
    expect(tradeOf(second).encoded.terms.quantity).toBe(1);
  });

  it('comes back to a busy seller after a pause, and not for ever', async () => {
    world = new TradingWorld(15);
    await world.witness('witness');
    const seller = await world.trader('seller', { limits: { perBuyer: 0 } });
    const buyer = await world.trader('buyer');
    world.linkAll();
    await world.environment.advance(200);
    const document = documentOf('June');
    await world.sell(seller, document);
    await world.buy(buyer, assetOf(document));
    await world.environment.advance(10 * MINUTE);
    const times = buyer.trading.engine.all().length;
    expect(times).toBeGreaterThan(3);
    expect(times).toBeLessThan(12);
    expect(buyer.exhausted.at(-1)).toContain('ERR_TRADE_DECLINED');
    await world.environment.advance(HOUR / 2);
    expect(buyer.trading.engine.all()).toHaveLength(times);
  });

  it('puts a seller aside whose ask it could not open, and tells why when nobody is left', async () => {
    const [seller, buyer] = (await town(16, 'seller', 'buyer')) as [Trader, Trader];
    const document = documentOf('June');
    await world.sell(seller, document);
    seller.settlement.cheat = 'wrong-key';
    const bid = await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'returned', 5 * MINUTE);
    await world.environment.advance(MINUTE);
    expect(buyer.trading.engine.all()).toHaveLength(1);
    // What came back is not spent again by this bid.
    expect(buyer.trading.engine.tally.taken(bid.key)).toBe(1);
  });

  it('makes nothing of a bid that was cancelled while its key was being made', async () => {
    const [seller, buyer] = (await town(17, 'seller', 'buyer')) as [Trader, Trader];
    const document = documentOf('June');
    await world.sell(seller, document);
    const { createRecipientKey } = buyer.settlement;
    buyer.settlement.createRecipientKey = async () => {
      for (const own of buyer.orders.values()) own.cancelled = true;
      return createRecipientKey();
    };
    await world.buy(buyer, assetOf(document));
    await world.environment.advance(MINUTE);
    expect(buyer.trading.engine.all()).toEqual([]);
    expect(seller.trading.engine.all()).toEqual([]);
  });

  it('M4 a buyer that forks its account at five sellers cut off from each other: what each earned stays', async () => {
    world = new TradingWorld(18);
    await world.witness('witness');
    const sellers: Trader[] = [];
    for (let i = 0; i < 5; i++) sellers.push(await world.trader(`seller ${i}`));
    const witness = world.witnesses[0]?.network.self;
    if (witness === undefined) throw new Error('no witness');
    for (const seller of sellers) {
      // The same key each time, over stores that know nothing of the times before.
      const clone = await world.trader('forker');
      world.networks.partition([seller.key, clone.key, witness]);
      for (const key of [seller.key, clone.key]) world.networks.link(key, witness);
      world.networks.link(seller.key, clone.key);
      await world.environment.advance(500);
      const document = documentOf(seller.name);
      await world.sell(seller, document, { amount: 1_000n });
      await world.buy(clone, assetOf(document), { amount: 1_000n });
      await world.until(() => stateOf(clone) === 'completed' && stateOf(seller) === 'completed', MINUTE);
      await world.crash(clone);
      world.traders.splice(world.traders.indexOf(clone), 1);
      world.networks.heal();
    }
    world.linkAll();
    await world.environment.advance(10 * MINUTE);
    const [seller] = sellers;
    const forker = world.signer('forker').publicKey;
    expect(await seller?.chain.isFraudulent(forker)).toBe(true);
    for (const one of sellers) {
      expect(one.ledger.balance(one.key, 'DUM1').earned).toBe(1_000n);
      expect(stateOf(one)).toBe('completed');
    }
  });
});

describe('a restart', () => {
  it('goes on with a bid, without buying the same data again', async () => {
    const [seller, buyer] = (await town(21, 'seller', 'buyer')) as [Trader, Trader];
    const document = documentOf('June');
    await world.sell(seller, document, { supply: 9 });
    const bid = await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'completed', MINUTE);
    await world.crash(buyer);
    await world.restart(buyer);
    expect(buyer.trading.engine.tally.taken(bid.key)).toBe(1);
    buyer.trading.buyers.consider(bid.key);
    await world.environment.advance(MINUTE);
    expect(buyer.trading.engine.all()).toHaveLength(1);
    expect(tradeOf(buyer).steps.map(({ state }) => state)).toContain('completed');
  });

  it('tells damaged records and goes on with the others', async () => {
    const [seller, buyer] = (await town(22, 'seller', 'buyer')) as [Trader, Trader];
    for (const title of ['June', 'May']) {
      const document = documentOf(title);
      await world.sell(seller, document);
      await world.buy(buyer, assetOf(document));
      await world.until(() => stateOf(buyer) === 'completed', MINUTE);
      await world.environment.advance(MINUTE);
    }
    const [key] = (await buyer.kv.range('market/trade/', { limit: 1 }))[0] ?? [];
    if (key === undefined) throw new Error('no record');
    await world.crash(buyer);
    await buyer.kv.set(key, Uint8Array.of(1, 2, 3));
    await world.restart(buyer);
    expect(buyer.trading.engine.all()).toHaveLength(1);
    expect(buyer.problems.map(({ what }) => what)).toEqual([expect.stringContaining('the record of trade')]);
  });
});
