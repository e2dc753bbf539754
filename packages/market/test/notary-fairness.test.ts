import { type PublicKey, publicKey } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DUM1 } from '../src/asset/currency.ts';
import { FairRates } from '../src/notary/fair-rates.ts';
import { FairRoom } from '../src/notary/fair-room.ts';
import { DEFAULT_NOTARY_LIMITS, RELEASE_KEEP_MS, TEST_HOLD_KEEP_MS } from '../src/notary/limits.ts';
import { type Author, author, HOUR } from './support/money.ts';
import {
  COMPLAIN_AT,
  currencyOf,
  type HeldTrade,
  held,
  kindsOf,
  type NotaryNode,
  type NotaryWorld,
  notaryWorld,
  outcomeRequest,
  quickCrypto,
  RELEASE_AT,
  releaseRequest,
  spendRequest,
} from './support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`fair ${name} ${names++}`, quickCrypto);
const peerKey = (i: number): PublicKey => publicKey(quickCrypto.sha256(Uint8Array.of(9, i & 255, i >> 8)));

describe('fair rates', () => {
  it('a few that ask without end leave somebody new served at once, however long they go on', () => {
    for (const flooders of [1, 3, 10, 100]) {
      let now = 0;
      const rates = new FairRates({ burst: 2_000, perSecond: 200 }, () => now);
      for (; now < 20_000; now += 10) {
        for (let i = 0; i < flooders; i++) {
          for (let tries = 0; tries < 20 && rates.take(`flooder ${i}`, 2) === 0; tries++);
        }
        if (now % 1_000 === 0) expect(rates.take(`new ${now}`, 4), `${flooders} flooders`).toBe(0);
      }
    }
  });

  it('keep to the rate in the long run, share it evenly, and remember nobody that owes nothing', () => {
    let now = 0;
    const rates = new FairRates({ burst: 400, perSecond: 100 }, () => now);
    const served = [0, 0, 0, 0];
    for (; now < 60_000; now += 20) {
      served.forEach((_, i) => {
        // One asks ten times as often as another.
        for (let tries = 0; tries < (i === 0 ? 10 : 1); tries++) {
          if (rates.take(`peer ${i}`) === 0) served[i] = (served[i] ?? 0) + 1;
        }
      });
    }
    const all = served.reduce((sum, count) => sum + count, 0);
    expect(all).toBeGreaterThan(100 * 60 * 0.9);
    expect(all).toBeLessThanOrEqual(400 + 100 * 60 + 4);
    expect(Math.max(...served) / Math.min(...served)).toBeLessThan(1.2);
    now += 10_000;
    rates.take('last');
    expect(rates.size).toBe(1);
  });

  it('never give out more than the burst and the rate, whoever asks for what and when', () => {
    const step = fc.record({ name: fc.nat(5), cost: fc.integer({ min: 1, max: 60 }), ms: fc.nat(500) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let now = 0;
        const rates = new FairRates({ burst: 100, perSecond: 10 }, () => now);
        let given = 0;
        for (const { name, cost, ms } of steps) {
          now += ms;
          // What one name can ever have is a quarter of three quarters of the burst.
          if (rates.take(`${name}`, cost) === 0) given += Math.min(cost, 18.75);
          expect(given).toBeLessThanOrEqual(100 + now / 100 + 1e-6);
          expect(rates.size).toBeLessThanOrEqual(6);
        }
      }),
    );
  });

  it('say when to come again: asking then succeeds when nobody else asks', () => {
    let now = 5_000;
    const rates = new FairRates({ burst: 40, perSecond: 1 }, () => now);
    while (rates.take('greedy', 3) === 0);
    now -= 4_000;
    const wait = rates.take('greedy', 3);
    expect(wait).toBeGreaterThan(0);
    now += wait;
    expect(rates.take('greedy', 3)).toBe(0);
  });
});

describe('fair room', () => {
  it('lets in whoever holds nothing while there is any, and nobody hold more than an eighth of what is free', () => {
    const room = new FairRoom();
    const free = () => ({ count: 1_000 - room.held.count, bytes: Number.POSITIVE_INFINITY });
    for (let round = 0; round < 1_000; round++) {
      for (let i = 0; i < 20; i++) if (room.hasRoom(`flooder ${i}`, free())) room.add(`flooder ${i}`, 1);
    }
    expect(room.held.count).toBeLessThan(800);
    for (let i = 0; i < 100; i++) {
      expect(room.hasRoom(`new ${i}`, free())).toBe(true);
      room.add(`new ${i}`, 1);
    }
    for (let i = 0; i < 20; i++) {
      for (let held = room.heldBy(`flooder ${i}`).count; held > 0; held--) room.remove(`flooder ${i}`, 1);
    }
    expect(room.held).toEqual({ count: 100, bytes: 100 });
  });
});

/** Releases of fresh trades of test money that one peer brings. */
async function flood(world: NotaryWorld, node: NotaryNode, peer: PublicKey, count: number) {
  const trades: { readonly trade: HeldTrade; readonly kind: string }[] = [];
  const [seller, buyer] = [fresh('seller'), fresh('buyer')];
  for (let i = 0; i < count; i++) {
    const trade = await held(world, seller, buyer, DUM1, { witnesses: [node.key], amount: 1n });
    trades.push({ trade, kind: (await node.ask(releaseRequest(node.key, trade), peer)).kind });
  }
  return trades;
}

describe('the room of a witness for test money', () => {
  it('is not filled by one peer, by three, nor by what has no release at all', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { testHolds: 80, releases: 320 } });
    for (let i = 0; i < 3; i++) await flood(world, node, peerKey(i), 40);
    expect(node.notary.kept().testHolds).toBeLessThan(30);
    const [honest] = await flood(world, node, peerKey(99), 1);
    expect(honest?.kind).toBe('holds');

    // A hold that nobody releases: what is said of it follows from the time, so nothing is kept.
    const before = node.notary.kept();
    const stored = (await node.store.entries('notary/hold/')).length;
    const idle: HeldTrade[] = [];
    for (let i = 0; i < 100; i++) {
      idle.push(await held(world, fresh('seller'), fresh('buyer'), DUM1, { witnesses: [node.key] }));
    }
    await world.at(RELEASE_AT + 1);
    for (const [i, trade] of idle.entries()) {
      const answer = await node.ask(outcomeRequest(node.key, trade), peerKey(200 + i));
      expect(answer.kind === 'holds' && answer.holds.map(kindsOf)).toEqual([['none']]);
    }
    expect(node.notary.kept()).toEqual(before);
    expect(await node.store.entries('notary/hold/')).toHaveLength(stored);
  });

  it('comes back: a witness filled to the brim by many peers acknowledges again some time after the last deadline', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { testHolds: 20, releases: 320 } });
    let last = '';
    for (let i = 0; i < 30; i++) last = (await flood(world, node, peerKey(i), 3)).at(-1)?.kind ?? '';
    expect(last).toBe('later');
    expect(node.notary.kept().testHolds).toBe(20);
    await world.at(COMPLAIN_AT + TEST_HOLD_KEEP_MS + 120_000);
    expect(node.notary.kept().testHolds).toBeLessThanOrEqual(15);
    const now = world.environment.now();
    const deadlines = { release: now + 600_000, complain: now + 600_000 + HOUR };
    const trade = await held(world, fresh('s'), fresh('b'), DUM1, { witnesses: [node.key], ...deadlines });
    expect((await node.ask(releaseRequest(node.key, trade), peerKey(500))).kind).toBe('holds');
  });

  it('is given back by those first that brought most, and never before their deadlines', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { testHolds: 24, releases: 320 } });
    const honest = (await flood(world, node, peerKey(0), 1))[0]!;
    for (let i = 1; i <= 12; i++) await flood(world, node, peerKey(i), 3);
    expect(node.notary.kept().testHolds).toBeGreaterThan(18);
    await world.at(COMPLAIN_AT + HOUR);
    expect(node.notary.kept().testHolds).toBeGreaterThan(18);
    await world.at(COMPLAIN_AT + TEST_HOLD_KEEP_MS + 61_000);
    expect(node.notary.kept().testHolds).toBeLessThanOrEqual(18);
    expect(kindsOf(await node.say(outcomeRequest(node.key, honest.trade)))).toEqual(['ack', 'paid']);
  });

  it('says nothing more of what it may have forgotten, is not stopped by it, and never says the opposite', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { testHolds: 4, releases: 320 } });
    const trades: HeldTrade[] = [];
    for (let i = 0; i < 4; i++) trades.push((await flood(world, node, peerKey(i), 1))[0]!.trade);
    const never = await held(world, fresh('seller'), fresh('buyer'), DUM1, { witnesses: [node.key] });
    await world.at(COMPLAIN_AT + RELEASE_KEEP_MS + 120_000);
    expect(node.notary.kept().testHolds).toBeLessThan(4);
    await node.stop();
    await node.start();
    const said: (readonly string[])[] = [];
    for (const trade of [...trades, never]) {
      const answer = await node.ask(outcomeRequest(node.key, trade), peerKey(7));
      said.push(answer.kind === 'holds' ? answer.holds.flatMap(kindsOf) : []);
      const release = await node.ask(releaseRequest(node.key, trade), peerKey(7));
      if (release.kind === 'refused') expect(release.code).toBe('ERR_NOTARY_FORGOTTEN');
      else expect(release.kind === 'holds' && release.holds.flatMap(kindsOf)).toEqual(['ack', 'paid']);
    }
    expect(said.filter((kinds) => kinds.length === 0).length).toBeGreaterThanOrEqual(2);
    expect(said.flat()).not.toContain('none');
    expect(node.notary.halted()).toBeUndefined();
  });

  it('takes no release after it said none of it, when its clock goes back and it starts anew', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    let back = 0;
    const environment = {
      now: () => world.environment.now() - back,
      schedule: world.environment.schedule,
      randomBytes: world.environment.randomBytes,
    };
    const node = await world.notary({ environment });
    const trade = await held(world, fresh('seller'), fresh('buyer'), DUM1, { witnesses: [node.key] });
    await world.at(RELEASE_AT + 1);
    expect(kindsOf(await node.say(outcomeRequest(node.key, trade)))).toEqual(['none']);
    await node.stop();
    back = 300_000;
    await node.start();
    expect(kindsOf(await node.say(releaseRequest(node.key, trade)))).toEqual(['none']);
  });
});

describe('a notary that many new accounts come to', () => {
  it('serves a newcomer at once while three peers do their worst', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary();
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key]);
    const opening = await issuer.transfer(sun, fresh('alice').key, 1n);
    await node.ask(spendRequest(node.key, [opening], { currency: sun.block.bytes }));
    // More than the whole bucket of strangers, in one moment: each costs two.
    for (let i = 0; i < DEFAULT_NOTARY_LIMITS.strangers.burst; i++) {
      const trade = await held(world, fresh('s'), fresh('b'), DUM1, { witnesses: [node.key], amount: 1n });
      await node.ask(outcomeRequest(node.key, trade), peerKey(i % 3));
    }
    const [honest] = await flood(world, node, peerKey(77), 1);
    expect(honest?.kind).toBe('holds');
  });

  it('works on the requests of one more peer while four have as many open as they may', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { concurrent: 16 } });
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key]);
    const grant = await issuer.transfer(sun, fresh('alice').key, 1n);
    const request = spendRequest(node.key, [grant], { currency: sun.block.bytes });
    const flooding = Array.from({ length: 64 }, (_, i) => node.ask(request, peerKey(i % 4)));
    const honest = node.ask(request, peerKey(9));
    expect((await honest).kind).toBe('share');
    const answers = await Promise.all(flooding);
    expect(answers.some(({ kind }) => kind === 'later')).toBe(true);
  });
});
