/** What was paid stays paid, and what came back is seen by everybody (review M3, M4, M10). */

import { type Currency, price } from '@edmp/market';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeNotaryAnswer } from '../../src/notary/answers.ts';
import { encodeCertificate } from '../../src/notary/certificate.ts';
import { NOTARY_PROTOCOL } from '../../src/notary/limits.ts';
import { encodeNotaryRequest } from '../../src/notary/messages.ts';
import { ask, blocksOf, purse, Rogue, SHORT, said, sell } from '../support/rogue.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const HOUR = 3_600_000;
const forkOf = async (author: Node, seq: number) => {
  const [old] = await author.store.range(author.key, seq, seq, 1);
  const { key: _key, seq: at, prev, type, tx, peer, link, time } = old!.core;
  const rogue = new Rogue(world, author, []);
  return rogue.sign({ seq: at, prev }, type, tx, {
    ...(peer === null ? {} : { peer }),
    ...(link === null ? {} : { link }),
    time: time + 1,
  });
};
const tell = async (blocks: readonly Uint8Array[], ...nodes: readonly Node[]) => {
  for (const node of nodes)
    for (const block of blocks) await node.trustchain.receive(block).catch(() => undefined);
  await world.environment.advance(5_000);
};
const sold = async (seller: Node, buyer: Node, title: string, amount: number, currency = 'DUM1') => {
  const order = await sell(seller, title, 1, { price: price(currency, amount) });
  await world.environment.advance(300);
  await world.run(buyer.market.buy({ asset: order.asset, price: price(currency, amount), lifetimeMs: DAY }));
  await world.until(
    () =>
      buyer.market.trades().at(-1)?.state === 'completed' &&
      seller.market.trades().at(-1)?.state === 'completed',
    5 * HOUR,
    200,
  );
  return order;
};

describe('M3 a fork after the fact', () => {
  it.each([
    ['its first block', 1],
    ['its payment', 2],
  ])('M3 a buyer that forks %s six hours after takes nothing from the seller', async (_name, seq) => {
    world = await createWorld(200 + seq);
    const { seller, buyer, maker } = await world.trio(SHORT);
    const { asset } = await sold(seller, buyer, 'gold', 900);
    await world.environment.advance(6 * HOUR);
    const before = await Promise.all([seller, buyer, maker].map((viewer) => purse(viewer, seller)));
    expect(before).toEqual(['1000/0/900', '1000/0/900', '1000/0/900']);
    await tell([(await forkOf(buyer, seq)).bytes], seller, maker);
    expect(await seller.trustchain.isFraudulent(buyer.key)).toBe(true);
    for (const viewer of [seller, maker]) {
      expect(await purse(viewer, seller)).toBe('1000/0/900');
      expect(viewer.market.licences(asset)).toHaveLength(1);
    }
    expect(tradeOf(seller).state).toBe('completed');
    // The forker itself is stopped: nobody sells to it any more.
    const order = await sell(seller, 'more gold', 50);
    await world.environment.advance(200);
    const rogue = new Rogue(world, buyer, maker.market.notaryKeys);
    const { reply } = await rogue.propose(
      seller,
      order,
      {},
      await rogue.bid(order, 1, { place: await rogue.next() }),
    );
    expect(said(reply)).toMatch(/^fraud/);
  });

  it('M3 of another shape: an income that was spent on is the receiver’s for good, in a community’s token', async () => {
    world = await createWorld(203);
    const issuer = await world.node('issuer', {}, true);
    const [buyer, seller, other] = [
      await world.node('buyer', { matchmaker: false }),
      await world.node('seller', { matchmaker: false }),
      await world.node('other', { matchmaker: false }),
    ];
    await world.link(issuer, buyer, seller, other);
    const sun = await issuer.market.issueCurrency({ label: 'SUN', precision: 2 });
    const opened = issuer.market.currencyBlock(sun.id).bytes;
    for (const node of [buyer, seller, other]) await node.market.addCurrency(opened);
    await issuer.market.transfer({ currency: sun.id, to: buyer.key, amount: 900n });
    await world.environment.advance(5_000);
    await sold(seller, buyer, 'gold', 900, sun.id);
    await sold(other, seller, 'silver', 850, sun.id);
    const rest = async (viewer: Node) => (await viewer.market.balance(seller.key, sun.id)).available;
    expect(await rest(other)).toBe(50n);
    const chain = await buyer.store.range(buyer.key, 1, 1_000, 1_000);
    const forks = await Promise.all(chain.map(({ core }) => forkOf(buyer, core.seq)));
    await tell(
      forks.map(({ bytes }) => bytes),
      issuer,
      seller,
      other,
    );
    expect(await seller.trustchain.isFraudulent(buyer.key)).toBe(true);
    // Nobody is below zero without fault of its own, and both honest incomes still spend.
    for (const viewer of [issuer, seller, other]) expect(await rest(viewer)).toBe(50n);
    await world.run(other.market.transfer({ currency: sun.id, to: issuer.key, amount: 850n }));
    await world.run(seller.market.transfer({ currency: sun.id, to: issuer.key, amount: 50n }));
    await world.environment.advance(5_000);
    expect(await purse(issuer, other, sun.id)).toBe('0/0/0');
    expect((await issuer.market.balance(issuer.key, sun.id)).available).toBe(0n);
  });
});

describe('M4 one account on five branches', () => {
  it('M4 five sellers cut off from each other keep what they earned in test money, and the forker is stopped', async () => {
    world = await createWorld(204);
    const makers: Node[] = [];
    const sellers: Node[] = [];
    const orders = [];
    for (let i = 0; i < 5; i++) {
      const maker = await world.node(`witness ${i}`, { deltaMs: SHORT.deltaMs }, true);
      const witnesses = { keys: maker.market.notaryKeys };
      const seller = await world.node(`seller ${i}`, { ...SHORT, matchmaker: false, witnesses });
      makers.push(maker);
      sellers.push(seller);
      orders.push(await sell(seller, `gold of ${seller.name}`, 1_000));
    }
    let forker: Node | undefined;
    for (const [i, seller] of sellers.entries()) {
      // The same key each time, over stores that know nothing of the times before.
      const maker = makers[i]!;
      forker = await world.node('forker', { ...SHORT, matchmaker: false, witnesses: { allowNone: true } });
      world.networks.partition([seller.key, forker.key, maker.key]);
      await world.link(seller, forker, maker);
      const rogue = new Rogue(world, forker, maker.market.notaryKeys);
      const proposed = await rogue.propose(seller, orders[i]!);
      const hold = await rogue.agree(proposed, { n: 1, prev: null, balance: 1_000n });
      expect(said(await rogue.show(seller, hold))).toMatch(/released|wait/);
      await world.environment.advance(1_000);
      await world.crash(forker);
      world.networks.heal();
    }
    await world.link(...sellers, ...makers);
    await world.environment.advance(HOUR);
    for (const seller of sellers) {
      expect(seller.market.trades()[0]).toMatchObject({ state: 'completed' });
      expect(await purse(seller, seller)).toBe('1000/0/1000');
    }
    expect(await sellers[0]!.trustchain.isFraudulent(forker!.key)).toBe(true);
    for (const viewer of sellers) {
      expect((await viewer.market.balance(forker!.key, 'DUM1')).available).toBeLessThanOrEqual(0n);
    }
  });

  it('M4 in a community’s token one of five branches is certified, and one key goes out', async () => {
    world = await createWorld(205);
    const issuer = await world.node('issuer', {}, true);
    const sun: Currency = await issuer.market.issueCurrency({ label: 'SUN', precision: 2 });
    const opened = issuer.market.currencyBlock(sun.id).bytes;
    const forker = await world.node('forker', { matchmaker: false });
    const sellers: Node[] = [];
    for (let i = 0; i < 5; i++) sellers.push(await world.node(`seller ${i}`, { matchmaker: false }));
    for (const node of [forker, ...sellers]) {
      await world.link(issuer, node);
      await node.market.addCurrency(opened);
    }
    await issuer.market.transfer({ currency: sun.id, to: forker.key, amount: 1_000n });
    await world.environment.advance(5_000);
    const claim = await world.run(forker.market.claim(sun.id));
    expect(claim).not.toBeNull();
    await world.environment.advance(5_000);
    const rogue = new Rogue(world, forker, []);
    const deals = [];
    for (const seller of sellers) {
      await world.link(seller, forker);
      const order = await sell(seller, `gold of ${seller.name}`, 1, { price: price(sun.id, 1_000) });
      await world.environment.advance(100);
      const now = world.environment.now();
      const deadlines = { accept: now + 60_000, release: now + 660_000, complain: now + 4_260_000 };
      deals.push({ seller, proposed: await rogue.propose(seller, order, { witnesses: null, deadlines }) });
    }
    const start = await rogue.next();
    let certified = 0;
    let keys = 0;
    for (const { seller, proposed } of deals) {
      const hold = await rogue.hold(proposed, { n: 2, prev: claim, balance: 1_000n }, start);
      // Whoever has seen another branch says so; nobody gives a key.
      expect(said(await rogue.show(seller, hold))).toMatch(/^(certificate|terms|fraud)/);
      const answer = decodeNotaryAnswer(
        await ask(
          world,
          forker,
          issuer,
          NOTARY_PROTOCOL,
          encodeNotaryRequest({
            kind: 'spend',
            key: issuer.market.notaryKeys[0]!,
            currency: null,
            want: hold.id,
            blocks: [hold.bytes],
            certificates: [],
            incomes: [],
          }),
        ),
      );
      if (answer.kind !== 'share') {
        expect(answer.kind).toBe('refused');
        continue;
      }
      certified += 1;
      const shares = [{ index: 0, signature: answer.signature }];
      const certificate = {
        kind: 'spend',
        currency: issuer.market.currencyBlock(sun.id).id,
        subject: hold.id,
        extra: null,
        shares,
      } as const;
      const shown = await rogue.show(seller, hold, encodeCertificate(certificate));
      if (shown.kind === 'released' || shown.kind === 'wait') keys += 1;
    }
    expect([certified, keys]).toEqual([1, 1]);
    // What was certified stays and is paid, however the forker goes on.
    await world.link(...sellers, issuer);
    await world.environment.advance(3 * HOUR);
    const [paid, ...others] = sellers;
    expect(await blocksOf(paid!, paid!, 'market/release')).toHaveLength(1);
    for (const seller of others) expect(await blocksOf(seller, seller, 'market/release')).toHaveLength(0);
    expect(paid!.market.trades()[0]!.state).toBe('completed');
    await world.run(paid!.market.transfer({ currency: sun.id, to: issuer.key, amount: 1_000n }));
    await world.environment.advance(5_000);
    expect((await issuer.market.balance(issuer.key, sun.id)).available).toBe(0n);
  });
});

describe('M10 a refund whose proof is private', () => {
  it.each(['wrong-key-private-proof', 'wrong-key'] as const)(
    'M10 after %s the honest buyer has its money, for third parties too, and buys elsewhere with all of it',
    async (cheat) => {
      world = await createWorld(206);
      const { seller, buyer, maker } = await world.trio(SHORT);
      const second = await world.node('second', {
        ...SHORT,
        matchmaker: false,
        witnesses: { keys: maker.market.notaryKeys },
      });
      await world.link(seller, buyer, maker, second);
      seller.settlement.cheat = cheat;
      const bad = await sell(seller, 'bad', 1_000);
      await world.environment.advance(200);
      await buyer.market.buy({ asset: bad.asset, price: bad.price, lifetimeMs: DAY });
      await world.until(() => buyer.market.trades()[0]?.state === 'returned', 300_000, 50);
      const good = await sell(second, 'good', 1_000);
      await world.environment.advance(5_000);
      // Its free money is back by now, or comes back with the purchase itself.
      await world.run(buyer.market.buy({ asset: good.asset, price: good.price, lifetimeMs: DAY }));
      await world.until(() => buyer.market.trades().at(-1)?.state === 'completed', 60_000);
      await world.environment.advance(HOUR);
      expect(await purse(second, second)).toBe('1000/0/1000');
      for (const viewer of [seller, second, maker]) {
        expect(await purse(viewer, buyer)).toBe('0/0/0');
        expect(await purse(viewer, seller)).toBe('1000/0/0');
      }
      expect(seller.market.trades()[0]?.state).not.toBe('completed');
    },
  );
});
