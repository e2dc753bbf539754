import type { PublicKey } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { assetOf, crypto, documentOf } from './support/documents.ts';
import { HOUR, MINUTE, stateOf, type Trader, TradingWorld, tradeOf } from './support/trading/world.ts';

let world: TradingWorld;
afterEach(async () => {
  await world.stop();
});

async function town(
  seed: number,
  witnesses: number,
): Promise<{ seller: Trader; buyer: Trader; asset: string }> {
  world = new TradingWorld(seed);
  for (let i = 0; i < witnesses; i++) await world.witness(`witness ${i}`);
  const seller = await world.trader('seller');
  const buyer = await world.trader('buyer');
  world.linkAll();
  await world.environment.advance(200);
  const document = documentOf('June');
  await world.sell(seller, document, { witnesses: world.witnesses.map(({ witness }) => witness.key) });
  return { seller, buyer, asset: assetOf(document) };
}

const nodesOf = (...which: readonly number[]): readonly PublicKey[] =>
  which.flatMap((at) => world.witnesses[at]?.network.self ?? []);

describe('four witnesses', () => {
  it('acknowledge a release by three of them before the buyer has the key', async () => {
    const { seller, buyer, asset } = await town(41, 4);
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed', MINUTE);
    expect(tradeOf(seller).acks?.shares.length).toBeGreaterThanOrEqual(3);
    expect(tradeOf(buyer).encoded.terms.witnesses).toHaveLength(4);
  });

  it('H8 one that is dark stops nothing', async () => {
    const { seller, buyer, asset } = await town(42, 4);
    for (const key of nodesOf(2)) world.networks.crash(key);
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed', MINUTE);
  });

  it('H8 two that are dark through the release deadline: no key passes, and the price stays held, for both', async () => {
    const { seller, buyer, asset } = await town(43, 4);
    world.networks.partition([seller.key, buyer.key, ...nodesOf(0, 1)], nodesOf(2, 3));
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'held' && stateOf(seller) === 'releasing', MINUTE);
    await world.environment.advance(30 * MINUTE);
    expect(tradeOf(buyer).release).toBeNull();
    expect(stateOf(seller)).toBe('undecided');
    world.networks.heal();
    world.linkAll();
    await world.environment.advance(2 * HOUR);
    // Two took the release in time and could not tell the others (DESIGN §4.4.4, "who can lose what").
    expect([stateOf(seller), stateOf(buyer)]).toEqual(['undecided', 'held']);
    expect(tradeOf(buyer).release).toBeNull();
    expect(buyer.ledger.balance(buyer.key, 'DUM1')).toMatchObject({ available: 990n, held: 10n });
    expect(buyer.ledger.balance(seller.key, 'DUM1').earned).toBe(0n);
  });

  it('pay a seller whose buyer vanished with the key', async () => {
    const { seller, buyer, asset } = await town(44, 4);
    await world.buy(buyer, asset);
    await world.until(() => seller.trading.engine.all()[0]?.acks != null, MINUTE, 1);
    await world.crash(buyer);
    await world.until(() => stateOf(seller) === 'completed', 3 * HOUR, 10_000);
    expect(seller.ledger.balance(seller.key, 'DUM1').earned).toBe(10n);
  });

  it('give back what a wrong key was given for', async () => {
    const { seller, buyer, asset } = await town(45, 4);
    seller.settlement.cheat = 'wrong-key';
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'returned', 5 * MINUTE);
    await world.until(() => stateOf(seller) === 'lost', 3 * HOUR, 10_000);
    expect(buyer.ledger.balance(buyer.key, 'DUM1').available).toBe(1_000n);
  });
});

describe('the cost of a trade', () => {
  it('with one witness: 7 signatures, at most 11 verifications and 6 requests, few writes', async () => {
    const counts = { sign: 0, verify: 0, hash: 0 };
    const { ed25519Sign, ed25519Verify, sha256 } = crypto;
    const writes: string[] = [];
    world = new TradingWorld(46);
    await world.witness('witness');
    const options = {
      records: (real: Trader['kv']): Trader['kv'] => ({
        ...real,
        setMany: (changes) => {
          writes.push(changes.map(([name]) => name.split('/').at(-1)).join(' '));
          return real.setMany(changes);
        },
      }),
    };
    const seller = await world.trader('seller', options);
    const buyer = await world.trader('buyer', options);
    world.linkAll();
    await world.environment.advance(2_000);
    const document = documentOf('June');
    const before = world.requests.length;
    writes.length = 0;
    try {
      crypto.ed25519Sign = (...args) => {
        counts.sign += 1;
        return ed25519Sign(...args);
      };
      crypto.ed25519Verify = (...args) => {
        counts.verify += 1;
        return ed25519Verify(...args);
      };
      crypto.sha256 = (...args) => {
        counts.hash += 1;
        return sha256(...args);
      };
      await world.sell(seller, document, { supply: 2 });
      await world.environment.advance(100);
      await world.buy(buyer, assetOf(document));
      await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed', MINUTE, 1);
    } finally {
      Object.assign(crypto, { ed25519Sign, ed25519Verify, sha256 });
    }
    expect(counts.sign).toBe(7);
    expect(counts.verify).toBeLessThanOrEqual(11);
    expect(world.requests.length - before).toBeLessThanOrEqual(6);
    expect(writes.filter((names) => names.includes('state'))).toEqual([
      'base offer state',
      'base offer state',
      'hold draft state',
      'release acks state',
      'hold release state',
      'state',
      'state',
      // The seller's ledger tells of the receipt before its block comes by; the trade keeps that too.
      'state',
    ]);
  });
});
