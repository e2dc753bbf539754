/** Nobody spends what it does not own: minting and overspending, through whole nodes (review M1, M2). */

import { type Currency, price } from '@edmp/market';
import { type Money, TRANSFER_TYPE, transferToTx } from '@edmp/market/codec';
import { rejection } from '@edmp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeNotaryAnswer } from '../../src/notary/answers.ts';
import { NOTARY_PROTOCOL } from '../../src/notary/limits.ts';
import { encodeNotaryRequest } from '../../src/notary/messages.ts';
import { idOf } from '../support/documents.ts';
import { ask, blocksOf, purse, Rogue, SHORT, sell } from '../support/rogue.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const HUGE = 2n ** 62n;

/** A seller and a buyer with one witness, and a puppet of the buyer's. */
async function place(seed: number) {
  world = await createWorld(seed);
  const { seller, buyer, maker } = await world.trio(SHORT);
  const puppet = await world.node('puppet', { matchmaker: false });
  await world.link(seller, buyer, maker, puppet);
  return { seller, buyer, maker, puppet: new Rogue(world, puppet, maker.market.notaryKeys) };
}

const everybody = ({ seller, buyer, maker }: { seller: Node; buyer: Node; maker: Node }) => [
  seller,
  buyer,
  maker,
];

describe('M1 minting', () => {
  it.each([
    ['balance that says nothing was paid', { balance: 1_000n }],
    ['balance below zero', { balance: 1_000n - HUGE }],
    ['balance of zero', { balance: 0n }],
    ['number that skips what is missing', { n: 2, prev: idOf('no such block'), balance: HUGE }],
  ] satisfies readonly (readonly [string, Partial<Money>])[])(
    'M1 a transfer of 2^62 by a key with 1 000 gives nobody anything: %s',
    async (_name, changes) => {
      const nodes = await place(100 + Object.keys(changes).length);
      const { seller, buyer, puppet } = nodes;
      const money: Money = {
        currency: 'DUM1',
        n: 1,
        prev: null,
        claims: [],
        pay: HUGE,
        to: buyer.key,
        ...changes,
      };
      const block = await puppet.sign(await puppet.next(), TRANSFER_TYPE, transferToTx(money), {
        peer: buyer.key,
      });
      for (const node of everybody(nodes)) await node.trustchain.receive(block.bytes).catch(() => undefined);
      await world.environment.advance(2_000);
      for (const viewer of everybody(nodes)) {
        expect(await purse(viewer, buyer)).toBe('1000/0/0');
        const { available } = await viewer.market.balance(puppet.node.key, 'DUM1');
        expect(available).toBeLessThanOrEqual(1_000n);
        expect(available).toBeGreaterThanOrEqual(0n);
      }
      // Neither its own node nor a seller that is asked by hand takes the receiver for rich.
      const order = await sell(seller, 'gold', 10n ** 9n);
      await world.environment.advance(200);
      await rejection(
        buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY }),
        'ERR_WALLET_INSUFFICIENT',
      );
      const forged = await new Rogue(world, buyer, puppet.witnesses).propose(seller, order);
      expect(forged.reply).toMatchObject({ kind: 'decline', reason: 'funds' });
      expect(seller.market.trades()).toEqual([]);
    },
  );

  it('M1 with a community token that nobody was given: no notary certifies it, no seller takes it', async () => {
    world = await createWorld(105);
    const issuer = await world.node('issuer', {}, true);
    const seller = await world.node('seller', { matchmaker: false });
    const puppet = await world.node('puppet', { matchmaker: false });
    const friend = await world.node('friend', { matchmaker: false });
    await world.link(issuer, seller, puppet, friend);
    const sun: Currency = await issuer.market.issueCurrency({ label: 'SUN', precision: 2 });
    const opened = issuer.market.currencyBlock(sun.id).bytes;
    for (const node of [seller, puppet, friend]) await node.market.addCurrency(opened);
    const rogue = new Rogue(world, puppet, []);
    for (const balance of [0n, 10n ** 6n]) {
      const tx = transferToTx({
        currency: sun.id,
        n: 1,
        prev: null,
        claims: [],
        pay: 10n ** 6n,
        to: friend.key,
        balance,
      });
      const block = await rogue.sign(await rogue.next(), TRANSFER_TYPE, tx, { peer: friend.key });
      await friend.trustchain.receive(block.bytes).catch(() => undefined);
      const [key] = issuer.market.notaryKeys;
      const answer = await ask(
        world,
        puppet,
        issuer,
        NOTARY_PROTOCOL,
        encodeNotaryRequest({
          kind: 'spend',
          key: key!,
          currency: opened,
          want: block.id,
          blocks: [block.bytes],
          certificates: [],
          incomes: [],
        }),
      );
      expect(decodeNotaryAnswer(answer).kind).toMatch(/refused|later/);
    }
    await world.environment.advance(2_000);
    expect(await purse(friend, friend, sun.id)).toBe('0/0/0');
    expect(await purse(seller, friend, sun.id)).toBe('0/0/0');
    expect((await issuer.market.balance(issuer.key, sun.id)).available).toBe(0n);
    const order = await sell(seller, 'for suns', 1, { price: price(sun.id, 500_000) });
    await world.environment.advance(500);
    await rejection(
      friend.market.buy({ asset: order.asset, price: order.price, lifetimeMs: DAY }),
      'ERR_WALLET_INSUFFICIENT',
    );
    // By hand, with a balance that it made up, it gets as far as a proposal and no further.
    const buyer = new Rogue(world, friend, []);
    const proposed = await buyer.propose(seller, order, {
      witnesses: null,
      deadlines: {
        accept: world.environment.now() + 60_000,
        release: world.environment.now() + 660_000,
        complain: world.environment.now() + 4_260_000,
      },
    });
    if (proposed.reply.kind === 'accept') {
      const hold = await buyer.hold(proposed, { n: 1, prev: null, balance: 500_000n }, await buyer.next());
      expect(await buyer.show(seller, hold)).toMatchObject({ kind: 'decline', reason: 'certificate' });
    } else {
      expect(proposed.reply).toMatchObject({ kind: 'decline', reason: 'funds' });
    }
    expect(seller.settlement.calls.get('release')).toBeUndefined();
  });
});

describe('M2 overspending without a fork', () => {
  async function twoSellers(seed: number) {
    world = await createWorld(seed);
    const maker = await world.node('witness', { deltaMs: SHORT.deltaMs }, true);
    const options = { ...SHORT, matchmaker: false, witnesses: { keys: maker.market.notaryKeys } };
    const one = await world.node('one', options);
    const two = await world.node('two', options);
    const cheat = new Rogue(world, await world.node('cheat', options), maker.market.notaryKeys);
    await world.link(one, maker, cheat.node);
    await world.link(two, maker, cheat.node);
    world.networks.cut(one.key, two.key);
    const deals = [];
    for (const seller of [one, two]) {
      const order = await sell(seller, `gold of ${seller.name}`, 1_000);
      await world.environment.advance(300);
      deals.push(await cheat.propose(seller, order));
    }
    return { one, two, maker, cheat, first: deals[0]!, second: deals[1]! };
  }

  it('M2 a buyer that pays two sellers in a row and shows each its own payment gets one key for 1 000', async () => {
    const { one, two, cheat, first, second } = await twoSellers(110);
    const start = await cheat.next();
    const paid = await cheat.hold(first, { n: 1, prev: null, balance: 1_000n }, start);
    const again = await cheat.hold(
      second,
      { n: 2, prev: paid.id, balance: 1_000n },
      { seq: start.seq + 1, prev: paid.id },
    );
    expect(await cheat.show(one, paid)).toMatchObject({ kind: expect.stringMatching(/released|wait/) });
    expect(await cheat.show(two, again)).toMatchObject({ kind: 'decline', reason: 'history' });
    // All blocks known everywhere, all windows past.
    await one.trustchain.receive(again.bytes);
    await two.trustchain.receive(paid.bytes);
    world.networks.heal();
    await world.link(one, two);
    await world.environment.advance(200_000);
    expect(await blocksOf(one, one, 'market/release')).toHaveLength(1);
    expect(await blocksOf(two, two, 'market/release')).toHaveLength(0);
    expect(two.settlement.calls.get('release')).toBeUndefined();
    for (const viewer of [one, two]) {
      expect((await viewer.market.balance(cheat.node.key, 'DUM1')).available).toBe(0n);
      expect(await purse(viewer, one)).toBe('1000/0/1000');
      expect(await purse(viewer, two)).toBe('1000/0/0');
    }
    expect(tradeOf(two).state).toBe('failed');
  });

  it.each([
    ['the number after the hidden one', 2],
    ['a number far ahead', 1_000],
  ])('M2 a payment with %s in a chain that has no gap gets no key either', async (_name, n) => {
    const { two, cheat, second } = await twoSellers(111);
    const hold = await cheat.hold(second, { n, prev: idOf('hidden'), balance: 1_000n }, await cheat.next());
    expect(await cheat.show(two, hold)).toMatchObject({ kind: 'decline' });
    await world.environment.advance(200_000);
    expect(two.settlement.calls.get('release')).toBeUndefined();
    expect(await purse(two, two)).toBe('1000/0/0');
  });
});
