/** What becomes of held money in a community's token, whoever signs what, however late (H1, H2, H4, H8, H10). */

import { type Currency, price } from '@edmp/market';
import { RELEASE_TYPE } from '@edmp/market/codec';
import { rejection } from '@edmp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { receiptToTx } from '../../src/blocks/release.ts';
import { blocksOf, purse, SHORT, sell } from '../support/rogue.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const HOUR = 3_600_000;

/** An issuer that is the notary of SUN, a seller, and a buyer that has 1 000. */
async function community(seed: number, options: object = {}) {
  world = await createWorld(seed);
  const issuer = await world.node('issuer', { deltaMs: SHORT.deltaMs, ...options }, true);
  const seller = await world.node('seller', { ...SHORT, matchmaker: false, ...options });
  const buyer = await world.node('buyer', { ...SHORT, matchmaker: false, ...options });
  await world.link(issuer, seller, buyer);
  const sun = await issuer.market.issueCurrency({ label: 'SUN', precision: 2 });
  for (const node of [seller, buyer])
    await node.market.addCurrency(issuer.market.currencyBlock(sun.id).bytes);
  await issuer.market.transfer({ currency: sun.id, to: buyer.key, amount: 1_000n });
  await world.environment.advance(5_000);
  expect(await purse(buyer, buyer, sun.id)).toBe('1000/0/0');
  return { issuer, seller, buyer, sun };
}
type Community = Awaited<ReturnType<typeof community>>;

async function offered({ seller, buyer, sun }: Pick<Community, 'seller' | 'buyer' | 'sun'>, amount = 1_000) {
  const order = await sell(seller, 'goods', 1, { price: price(sun.id, amount), lifetimeMs: 30 * DAY });
  await world.environment.advance(300);
  await world.run(buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY / 2 }));
  return order;
}

/** All that was issued is in accounts, in holds or unclaimed: the issuer is short of exactly what others have. */
async function expectBalanced(
  viewer: Node,
  { issuer }: Community,
  sun: Currency,
  ...others: readonly Node[]
) {
  let sum = (await viewer.market.balance(issuer.key, sun.id)).available;
  for (const node of others) {
    const { available, held } = await viewer.market.balance(node.key, sun.id);
    expect(available, node.name).toBeGreaterThanOrEqual(0n);
    sum += available + held;
  }
  expect(sum).toBe(0n);
}

describe('H1 receipt and refund of one hold', () => {
  it('H1 a receipt that the buyer signs with the refund in hand pays nobody', async () => {
    const c = await community(1_000);
    const { issuer, seller, buyer, sun } = c;
    seller.settlement.cheat = 'wrong-key';
    await offered(c);
    await world.until(() => tradeOf(buyer).state === 'returned', 120_000, 50);
    // In league with the seller, the buyer signs for what it was refunded.
    const [release] = await blocksOf(buyer, seller, RELEASE_TYPE);
    const trade = buyer.market.tradeEvidence(tradeOf(buyer).id);
    expect(trade.outcome?.kind).toBe('refund');
    await world.run(buyer.trustchain.agree(release!.id, receiptToTx(trade.hold!)));
    await world.environment.advance(HOUR);
    expect(await world.run(seller.market.claim(sun.id))).toBeNull();
    expect(await purse(seller, seller, sun.id)).toBe('0/0/0');
    await world.run(buyer.market.transfer({ currency: sun.id, to: issuer.key, amount: 1_000n }));
    await world.environment.advance(10_000);
    await expectBalanced(issuer, c, sun, buyer, seller);
    expect((await issuer.market.balance(issuer.key, sun.id)).available).toBe(0n);
  });
});

describe('H2 certificates kept back', () => {
  it('H2 a year after everybody went away in the middle of a deal it ends once, and pays once', async () => {
    const c = await community(1_001);
    const { issuer, seller, buyer, sun } = c;
    await offered(c);
    await world.until(() => seller.market.trades()[0]?.state === 'waiting', 60_000, 1);
    for (const node of [buyer, seller, issuer]) await world.crash(node);
    await world.environment.advance(366 * DAY);
    for (const node of [issuer, seller, buyer]) await world.restart(node);
    await world.link(issuer, seller, buyer);
    await world.environment.advance(2 * HOUR);
    expect(tradeOf(seller).state).toBe('completed');
    expect(tradeOf(buyer).state).toBe('completed');
    expect(await world.run(seller.market.claim(sun.id))).not.toBeNull();
    expect(await world.run(seller.market.claim(sun.id))).toBeNull();
    await world.environment.advance(10_000);
    expect((await seller.market.balance(seller.key, sun.id)).available).toBe(1_000n);
    await expectBalanced(seller, c, sun, buyer, seller);
  });
});

describe('H4 a hold that comes late', () => {
  it.each(['fetching', 'signing', 'certifying'])(
    'H4 a hold whose seller died while the buyer was %s is certified, comes back, and is spent again',
    async (state) => {
      const c = await community(1_010 + state.length);
      const { issuer, seller, buyer, sun } = c;
      let reached = false;
      buyer.market.on((event) => {
        if (event.type !== 'trade' || event.trade.state !== state || reached) return;
        reached = true;
        world.networks.crash(seller.key);
      });
      await offered(c);
      await world.until(() => reached, 20_000, 1);
      await world.crash(seller);
      await world.until(() => buyer.market.trades()[0]?.finished === true, 300_000, 100);
      expect(tradeOf(buyer).state).toMatch(/^(returned|failed)$/);
      await world.run(buyer.market.transfer({ currency: sun.id, to: issuer.key, amount: 1_000n }));
      await world.environment.advance(10_000);
      expect((await issuer.market.balance(issuer.key, sun.id)).available).toBe(0n);
      await expectBalanced(issuer, c, sun, buyer, seller);
    },
  );

  it('H4 of another shape: a hold that waits for a notary that is away until after the deadlines comes back', async () => {
    const c = await community(1_020);
    const { issuer, seller, buyer, sun } = c;
    let reached = false;
    buyer.market.on((event) => {
      if (event.type !== 'trade' || event.trade.state !== 'certifying' || reached) return;
      reached = true;
      world.networks.crash(issuer.key);
    });
    await offered(c);
    await world.until(() => reached, 20_000, 1);
    await world.crash(issuer);
    await world.environment.advance(6 * HOUR);
    expect(seller.settlement.calls.get('release')).toBeUndefined();
    expect(tradeOf(buyer).finished).toBe(false);
    await world.restart(issuer);
    await world.until(() => tradeOf(buyer).finished, HOUR, 200);
    expect(tradeOf(buyer).state).toBe('returned');
    await world.run(buyer.market.transfer({ currency: sun.id, to: issuer.key, amount: 1_000n }));
    await world.environment.advance(10_000);
    expect((await issuer.market.balance(issuer.key, sun.id)).available).toBe(0n);
    await expectBalanced(issuer, c, sun, buyer, seller);
  });
});

describe('H8 a notary that is dark at the release', () => {
  it('H8 through the release deadline: no key passes, and the money is back once it shines again', async () => {
    const c = await community(1_030);
    const { issuer, seller, buyer, sun } = c;
    let reached = false;
    buyer.market.on((event) => {
      if (event.type !== 'trade' || event.trade.state !== 'held' || reached) return;
      reached = true;
      world.networks.crash(issuer.key);
    });
    await offered(c);
    await world.until(() => reached, 20_000, 1);
    await world.crash(issuer);
    await world.environment.advance(HOUR);
    // The release may be on everybody's chain; what unlocks it never left the seller.
    expect(tradeOf(buyer).state).toBe('held');
    await rejection(buyer.market.delivery(tradeOf(buyer).id), 'ERR_TRADE_STATE');
    expect(buyer.settlement.calls.get('open')).toBeUndefined();
    await world.restart(issuer);
    await world.environment.advance(2 * HOUR);
    expect(tradeOf(buyer).state).toBe('returned');
    expect(tradeOf(seller).finished).toBe(true);
    await world.run(buyer.market.transfer({ currency: sun.id, to: issuer.key, amount: 1_000n }));
    await world.environment.advance(10_000);
    await expectBalanced(issuer, c, sun, buyer, seller);
  });
});

describe('a receipt for a key that nobody has', () => {
  it('H8 a buyer that signs for the locked release while the notary is dark gets no key by it', async () => {
    const c = await community(1_031);
    const { issuer, seller, buyer, sun } = c;
    let reached = false;
    buyer.market.on((event) => {
      if (event.type !== 'trade' || event.trade.state !== 'held' || reached) return;
      reached = true;
      world.networks.crash(issuer.key);
    });
    await offered(c);
    await world.until(() => reached, 20_000, 1);
    await world.crash(issuer);
    await world.environment.advance(3_000);
    // The release block may travel like any other; what is in it is locked.
    const [release] = await blocksOf(seller, seller, RELEASE_TYPE);
    const { hold } = buyer.market.tradeEvidence(tradeOf(buyer).id);
    await buyer.trustchain.receive(release!.bytes);
    const receipt = await world.run(buyer.trustchain.agree(release!.id, receiptToTx(hold!)));
    await seller.trustchain.receive(receipt.bytes);
    await world.environment.advance(HOUR);
    expect(buyer.settlement.calls.get('open')).toBeUndefined();
    expect(tradeOf(seller).state).not.toBe('completed');
    await world.restart(issuer);
    await world.environment.advance(2 * HOUR);
    expect(buyer.settlement.calls.get('open')).toBeUndefined();
    expect(tradeOf(seller).state).toBe('lost');
    await world.run(buyer.market.transfer({ currency: sun.id, to: issuer.key, amount: 1_000n }));
    await world.environment.advance(10_000);
    expect((await issuer.market.balance(issuer.key, sun.id)).available).toBe(0n);
    expect((await seller.market.balance(seller.key, sun.id)).available).toBe(0n);
  });
});

describe('H10 a lone notary that is a party', () => {
  it.each([
    ['sells', false],
    ['sells, switched on at both sides', true],
  ])('H10 the issuer that is its own lone notary %s', async (_name, loneNotaryParty) => {
    const { issuer, buyer, sun } = await community(1_040, { loneNotaryParty });
    await offered({ seller: issuer, buyer, sun });
    await world.environment.advance(60_000);
    const done = buyer.market.trades().some(({ state }) => state === 'completed');
    expect(done).toBe(loneNotaryParty);
    if (loneNotaryParty) return;
    // Nothing was held, and the reason is told.
    expect(await purse(buyer, buyer, sun.id)).toBe('1000/0/0');
    const told = [
      ...buyer.market.trades().map(({ failure }) => failure?.reason),
      ...buyer.market.evidence().map(({ reason }) => reason),
    ];
    expect(told.join('\n')).toMatch(/notary|witness/);
  });
});
