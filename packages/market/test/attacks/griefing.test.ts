/** Strangers can neither make an honest trader untradeable nor reserve what they do not pay for (review M9, M11, M12). */

import { type Order, price } from '@edmp/market';
import { BID_TYPE, bidToTx, encodeTerms, holdToTx, TRADE_TYPE } from '@edmp/market/codec';
import { afterEach, describe, expect, it } from 'vitest';
import { tradeProposalToTx } from '../../src/blocks/trade.ts';
import { encodeHoldMessage, HOLDS_TOPIC } from '../../src/evidence/hold-messages.ts';
import { ORDERS_TOPIC } from '../../src/matching/messages.ts';
import { crypto, documentOf } from '../support/documents.ts';
import { purse, Rogue, SHORT, said, sell } from '../support/rogue.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const HOUR = 3_600_000;

/** A seller, a rogue, an honest buyer and their witness. */
async function town(seed: number, sellers = 1) {
  world = await createWorld(seed);
  const { seller, buyer, maker } = await world.trio(SHORT);
  const options = { ...SHORT, matchmaker: false, witnesses: { keys: maker.market.notaryKeys } };
  const rogue = await world.node('rogue', options);
  const more: Node[] = [];
  for (let i = 1; i < sellers; i++) more.push(await world.node(`seller ${i}`, options));
  await world.link(seller, buyer, maker, rogue, ...more);
  return {
    seller,
    sellers: [seller, ...more],
    honest: buyer,
    maker,
    rogue: new Rogue(world, rogue, maker.market.notaryKeys),
  };
}

async function buys(honest: Node, order: Order, limitMs = 60_000): Promise<number> {
  const start = world.environment.now();
  const before = honest.market.trades().length;
  await world.run(
    honest.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY / 2, again: true }),
  );
  await world.until(
    () =>
      honest.market
        .trades()
        .slice(before)
        .some(({ state }) => state === 'completed'),
    limitMs,
    5,
  );
  return world.environment.now() - start;
}

describe('M9 an honest seller stays tradeable', () => {
  it.each([
    ['that are complained about with invented proofs', true],
    ['whose receipt never comes', false],
  ])('M9 after 34 purchases %s the next buyer is served at once', async (_name, complains) => {
    const { seller, honest, rogue } = await town(400);
    const order = await sell(seller, 'cheap', 1, { supply: 100, lifetimeMs: 30 * DAY });
    await world.environment.advance(300);
    rogue.node.settlement.cheat = complains ? 'false-complaint' : 'none';
    let prev = null;
    let balance = 1_000n;
    let bought = 0;
    for (let i = 0; i < 34; i++) {
      const proposed = await rogue.propose(seller, order);
      if (proposed.reply.kind !== 'accept') {
        // The true reason, and it ends with the windows: what the rogue itself signed, and nothing about the seller.
        expect(said(proposed.reply)).toMatch(/^(busy|risk: ERR_RISK_OBLIGATIONS)/);
        await world.environment.advance(20_000);
        continue;
      }
      const hold = await rogue.agree(proposed, { n: bought + 1, prev, balance });
      expect(said(await rogue.show(seller, hold))).toBe('released');
      prev = hold.id;
      balance -= 1n;
      bought += 1;
      await world.environment.advance(200);
    }
    expect(bought).toBeGreaterThan(20);
    expect(await buys(honest, order)).toBeLessThan(5_000);
    await world.environment.advance(2 * HOUR);
    // Every key that went out is paid.
    expect(await purse(seller, seller)).toBe(`1000/0/${bought + 1}`);
    expect(seller.market.trades().filter(({ finished }) => !finished)).toEqual([]);
    expect(seller.market.orders()[0]).toMatchObject({ status: 'open', filled: bought + 1, reserved: 0 });
  });
});

describe('M11 an order is its owner’s', () => {
  /** Two keys of the attacker's sign a deal between themselves that names the victim's ask. */
  async function forgedDeal(seed: number, changes: { quantity: number; asSeller: boolean }) {
    const { seller, honest, maker, rogue } = await town(seed);
    const accomplice = await world.node('accomplice', { matchmaker: false });
    await world.link(seller, honest, maker, rogue.node, accomplice);
    const order = await sell(seller, 'gold', 5, { supply: 1_000 });
    await world.environment.advance(500);
    const now = world.environment.now();
    const y = new Rogue(world, accomplice, []);
    const bid = await y.sign(
      await y.next(),
      BID_TYPE,
      bidToTx({
        asset: order.asset,
        price: price('DUM2', 1),
        quantity: changes.quantity,
        expires: now + HOUR,
      }),
    );
    const terms = encodeTerms(
      {
        ask: order.id,
        bid: bid.id,
        // A deal in the victim's own name cannot be signed by anybody else; a deal between the two can.
        seller: changes.asSeller ? seller.key : rogue.node.key,
        buyer: accomplice.key,
        asset: order.asset,
        quantity: changes.quantity,
        price: price('DUM2', 1),
        amount: BigInt(changes.quantity),
        deadlines: { accept: now + 60_000, release: now + 120_000, complain: now + 180_000 },
        suite: 'x-wing',
        recipient: crypto.sha256(new Uint8Array(32)),
        witnesses: maker.market.notaryKeys,
        nonce: new Uint8Array(16).fill(3),
      },
      crypto,
    );
    const proposal = await rogue.sign(
      await rogue.next(),
      TRADE_TYPE,
      tradeProposalToTx(terms, new Uint8Array(32).fill(7)),
      { peer: accomplice.key },
    );
    const money = {
      currency: 'DUM2',
      n: 1,
      prev: null,
      claims: [],
      pay: terms.terms.amount,
      to: terms.terms.seller,
      balance: 10_000n - terms.terms.amount,
    };
    const { release, complain } = terms.terms.deadlines;
    const tx = holdToTx(money, { release, complain, witnesses: terms.terms.witnesses });
    const hold = await y.sign({ seq: bid.core.seq + 1, prev: bid.id }, TRADE_TYPE, tx, {
      peer: rogue.node.key,
      link: proposal.id,
    });
    for (const node of [seller, honest, maker]) {
      for (const block of [bid, proposal, hold])
        await node.trustchain.receive(block.bytes).catch(() => undefined);
    }
    const news = encodeHoldMessage({
      kind: 'hold',
      proposal: proposal.bytes,
      hold: hold.bytes,
      certificate: null,
    } as never);
    await accomplice.network.publish(HOLDS_TOPIC, news);
    await accomplice.network.publish(ORDERS_TOPIC, hold.bytes);
    await world.environment.advance(1_000);
    return { seller, honest, maker, order };
  }

  it.each([
    ['between two strangers', { quantity: 10_000, asSeller: false }],
    ['between two strangers for the whole supply', { quantity: 1_000, asSeller: false }],
    ['in the victim’s name', { quantity: 1_000, asSeller: true }],
  ])('M11 a deal %s over a victim’s ask takes nothing of it', async (_name, changes) => {
    const { seller, honest, maker, order } = await forgedDeal(410, changes);
    expect(await honest.market.listings()).toHaveLength(1);
    expect(maker.market.book(order.asset, 'DUM1').asks.map(({ quantity }) => quantity)).toEqual([1_000n]);
    expect(seller.market.orders()[0]).toMatchObject({ status: 'open', filled: 0, reserved: 0 });
    expect(await purse(maker, seller, 'DUM2')).toBe('10000/0/0');
    expect(await buys(honest, order)).toBeLessThan(5_000);
  });
});

describe('M12 only a hold reserves', () => {
  it('M12 one key with 1 000 that proposes to five exclusive sellers reserves nothing, for no time', async () => {
    const { sellers, honest, rogue } = await town(420, 5);
    const orders: Order[] = [];
    for (const seller of sellers)
      orders.push(await sell(seller, `gold of ${seller.name}`, 1_000, { lifetimeMs: 60 * DAY }));
    await world.environment.advance(500);
    const now = world.environment.now();
    const long = { accept: now + 10 * DAY, release: now + 29 * DAY, complain: now + 30 * DAY };
    for (const [i, seller] of sellers.entries()) {
      const wanted = await rogue.propose(seller, orders[i]!, { deadlines: long });
      expect(said(wanted.reply)).toMatch(/^deadlines/);
      const { reply } = await rogue.propose(seller, orders[i]!);
      expect(said(reply)).toBe('accept');
      expect(seller.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
    }
    // An honest buyer gets one of them at once, a seller cancels another and lists it anew.
    expect(await buys(honest, orders[0]!)).toBeLessThan(5_000);
    await sellers[1]!.market.cancel(orders[1]!.id);
    expect(sellers[1]!.market.orders()[0]).toMatchObject({ status: 'cancelled', reserved: 0 });
    expect((await sell(sellers[1]!, `gold of ${sellers[1]!.name}`, 1_000)).status).toBe('open');
    await world.environment.advance(HOUR);
    for (const seller of sellers.slice(1))
      expect(seller.market.trades().every(({ finished }) => finished)).toBe(true);
  });

  it('M12 200 proposals to one seller leave a bounded trace, and no room taken', async () => {
    const { seller, honest, rogue } = await town(421);
    const order = await sell(seller, 'gold', 10, { supply: 1_000, lifetimeMs: 60 * DAY });
    await world.environment.advance(500);
    const answers = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const answer = await rogue
        .propose(seller, order)
        .then(({ reply }) => (reply.kind === 'decline' ? reply.reason : reply.kind))
        .catch((error: { code: string }) => error.code);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
    expect(answers.get('accept') ?? 0).toBeLessThanOrEqual(40);
    expect(seller.settlement.calls.get('seal') ?? 0).toBeLessThanOrEqual(40);
    expect(seller.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
    expect((await seller.records.entries('market/trade/')).length).toBeLessThan(240);
    expect(await buys(honest, order)).toBeLessThan(5_000);
  });

  it('M12 a hold that is told to everybody when it is too late for the seller closes the listing until its release deadline, and no longer', async () => {
    const { seller, honest, maker, rogue } = await town(423);
    const order = await sell(seller, 'gold', 1_000);
    await world.environment.advance(300);
    const proposed = await rogue.propose(seller, order);
    const hold = await rogue.hold(proposed, { n: 1, prev: null, balance: 1_000n }, await rogue.next());
    if (proposed.reply.kind !== 'accept') throw new Error(said(proposed.reply));
    const { proposal } = proposed.reply;
    const news = encodeHoldMessage({ kind: 'hold', proposal, hold: hold.bytes, certificate: null });
    // Within 2Δ of the release deadline no seller releases any more.
    await world.environment.advance(19_200);
    await rogue.node.network.publish(HOLDS_TOPIC, news);
    await world.environment.advance(200);
    expect(await honest.market.listings()).toEqual([]);
    await world.environment.advance(5_000);
    expect(seller.settlement.calls.get('release')).toBeUndefined();
    // The money is back, and so is the licence: for the seller, a stranger and the matchmaker.
    expect(seller.market.orders()[0]).toMatchObject({ status: 'open', filled: 0, reserved: 0 });
    for (const node of [honest, maker]) expect(await node.market.listings()).toHaveLength(1);
    expect(await buys(honest, order)).toBeLessThan(5_000);
  });

  it('M12 of another shape: a hold that pays takes its licence, and what it took comes back with the money', async () => {
    const { seller, honest, rogue } = await town(422);
    const order = await sell(seller, 'gold', 1_000);
    await world.environment.advance(300);
    const proposed = await rogue.propose(seller, order);
    const hold = await rogue.agree(proposed, { n: 1, prev: null, balance: 1_000n });
    seller.settlement.cheat = 'never-release';
    await rogue.say(seller, { kind: 'hold', hold: hold.bytes, certificate: null }).catch(() => undefined);
    // It costs the rogue all that it has, for as long as it lasts.
    expect(await purse(seller, rogue.node)).toBe('0/1000/0');
    await world.environment.advance(100_000);
    seller.settlement.cheat = 'none';
    expect(seller.market.orders()[0]).toMatchObject({ status: 'open', filled: 0, reserved: 0 });
    const ms = await buys(honest, order);
    expect(ms).toBeLessThan(5_000);
    expect(tradeOf(honest).state).toBe('completed');
  });
});

describe('what a seller sells once', () => {
  it('an exclusive licence sold again from a copy of the seller’s chain finds no second buyer that hears of the first', async () => {
    world = await createWorld(430);
    const maker = await world.node('witness', { deltaMs: SHORT.deltaMs }, true);
    const options = { ...SHORT, matchmaker: false, witnesses: { keys: maker.market.notaryKeys } };
    const first = await world.node('first', options);
    const second = await world.node('second', options);
    const seller = await world.node('seller', options);
    await world.link(maker, first, second, seller);
    const order = await sell(seller, 'exclusive', 9);
    await world.environment.advance(500);
    await buys(first, order);
    await world.crash(seller);
    // The same key over an empty store: it knows nothing of its own sale.
    const again = await world.node('seller', options);
    await world.link(maker, second, again);
    again.settlement.add(documentOf('exclusive'));
    await again.market
      .sell({ document: documentOf('exclusive'), price: price('DUM1', 9), supply: 1, lifetimeMs: DAY })
      .catch(() => undefined);
    await world.environment.advance(500);
    await second.market
      .buy({ asset: order.asset, price: price('DUM1', 9), lifetimeMs: HOUR })
      .catch(() => undefined);
    await world.environment.advance(HOUR);
    expect(second.market.trades().some(({ state }) => state === 'completed')).toBe(false);
    expect(await purse(maker, second)).toBe('1000/0/0');
    expect(first.market.licences(order.asset)).toHaveLength(1);
  });
});
