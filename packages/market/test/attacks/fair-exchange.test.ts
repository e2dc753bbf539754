/** Nobody gets data without paying or money without delivering, whoever falls silent when (review M5 to M8). */

import { encodeDatasetDocument } from '@edmp/interface/dataset';
import { TRADE_TYPE } from '@edmp/market/codec';
import { rejection } from '@edmp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeNotaryAnswer } from '../../src/notary/answers.ts';
import { NOTARY_PROTOCOL } from '../../src/notary/limits.ts';
import { type ComplaintEvidence, encodeNotaryRequest } from '../../src/notary/messages.ts';
import { sealedComplain, signedComplaint } from '../support/complaints.ts';
import { crypto, documentOf } from '../support/documents.ts';
import { ask, blocksOf, type Proposed, purse, Rogue, SHORT, said, sell } from '../support/rogue.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const HOUR = 3_600_000;
const START = { n: 1, prev: null, balance: 1_000n };

async function scene(seed: number) {
  world = await createWorld(seed);
  const { seller, buyer, maker } = await world.trio(SHORT);
  const order = await sell(seller, 'gold', 900, { lifetimeMs: 30 * DAY });
  await world.environment.advance(300);
  return { seller, buyer, maker, order, rogue: new Rogue(world, buyer, maker.market.notaryKeys) };
}
type Scene = Awaited<ReturnType<typeof scene>>;

/** Buys, and calls `act` at the very moment when a node's trade enters a state. */
async function buyUntil({ buyer, order }: Scene, node: Node, state: string, act: () => void): Promise<void> {
  let reached = false;
  const off = node.market.on((event) => {
    if (reached || event.type !== 'trade' || event.trade.state !== state) return;
    reached = true;
    act();
  });
  await buyer.market.buy({ asset: order.asset, price: order.price, lifetimeMs: 20 * HOUR });
  await world.until(() => reached, 20_000, 1);
  off();
}

/** One of two: paid and delivered, or all as it was. */
async function expectWhole({ seller, buyer, maker, order }: Scene): Promise<'sold' | 'returned'> {
  const trade = buyer.market.trades().find(({ state }) => state === 'completed');
  const sold = trade !== undefined;
  for (const viewer of [seller, buyer, maker]) {
    expect(await purse(viewer, seller), viewer.name).toBe(sold ? '1000/0/900' : '1000/0/0');
    expect(await purse(viewer, buyer), viewer.name).toBe(sold ? '100/0/0' : '1000/0/0');
  }
  if (sold) expect((await buyer.market.delivery(trade.id)).consumption.values.length).toBeGreaterThan(0);
  for (const node of [seller, buyer]) {
    for (const { finished, state } of node.market.trades())
      expect(finished, `${node.name} ${state}`).toBe(true);
  }
  const [listed] = seller.market.orders();
  expect(listed).toMatchObject(
    sold ? { status: 'filled', filled: 1, reserved: 0 } : { status: 'open', filled: 0, reserved: 0 },
  );
  expect(maker.market.openOrders().some(({ id }) => id.equals(order.id))).toBe(!sold);
  return sold ? 'sold' : 'returned';
}

async function mend({ seller, buyer, maker }: Scene): Promise<void> {
  world.networks.heal();
  for (const [a, b] of [
    [seller, buyer],
    [seller, maker],
    [buyer, maker],
  ] as const) {
    try {
      world.networks.link(a.key, b.key);
    } catch {
      // Linked already.
    }
  }
  await world.environment.advance(2 * HOUR);
}

describe('M5 whom the buyer lets decide', () => {
  it('M5 a buyer that names nobody, or a witness of its own, gets no offer and no key', async () => {
    const s = await scene(300);
    const own = await world.node('accomplice', {}, true);
    await world.link(own, s.seller, s.buyer);
    const [honest] = s.maker.market.notaryKeys;
    const others = [2, 3, 4].map((byte) => crypto.ed25519PublicKey(new Uint8Array(32).fill(byte)));
    for (const witnesses of [[], own.market.notaryKeys, [honest!, ...others]]) {
      const { reply } = await s.rogue.propose(s.seller, s.order, { witnesses });
      expect(said(reply)).toMatch(/^witnesses/);
    }
    // What is no choice of witnesses at all cannot even be written.
    for (const witnesses of [
      null,
      [s.buyer.key],
      [s.seller.key],
      [honest!, honest!],
      [honest!, others[0]!],
    ]) {
      await rejection(
        s.rogue.propose(s.seller, s.order, { witnesses }),
        'ERR_TRADE_TERMS',
        'ERR_MARKET_FORMAT',
      );
    }
    await world.environment.advance(120_000);
    expect(await blocksOf(s.seller, s.seller, TRADE_TYPE)).toEqual([]);
    expect(s.seller.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
  });

  it('M5 a hold that names other witnesses than its proposal pays nothing and gets no key', async () => {
    const s = await scene(301);
    const own = await world.node('accomplice', {}, true);
    await world.link(own, s.seller, s.buyer);
    const proposed = await s.rogue.propose(s.seller, s.order);
    const bent: Proposed = {
      ...proposed,
      terms: { ...proposed.terms, terms: { ...proposed.terms.terms, witnesses: own.market.notaryKeys } },
    };
    const hold = await s.rogue.hold(bent, START, await s.rogue.next());
    expect(said(await s.rogue.show(s.seller, hold))).toMatch(/^terms/);
    await world.environment.advance(120_000);
    expect(s.seller.settlement.calls.get('release')).toBeUndefined();
  });

  it('M5 a key that was given for a hold is paid, however the buyer then stays silent or signs against it', async () => {
    const s = await scene(302);
    const proposed = await s.rogue.propose(s.seller, s.order);
    const hold = await s.rogue.agree(proposed, START);
    expect(said(await s.rogue.show(s.seller, hold))).toBe('released');
    // It has the key; it claims its own money back by hand, which needs a certificate that nobody gives.
    await world.environment.advance(2 * HOUR);
    expect(tradeOf(s.seller).state).toBe('completed');
    expect(await purse(s.maker, s.seller)).toBe('1000/0/900');
    expect(await purse(s.seller, s.buyer)).toBe('100/0/0');
  });
});

describe('late holds', () => {
  it.each([
    ['dated after every deadline', 300_000, 0],
    ['shown within 2Δ of the release deadline', 0, 19_200],
    ['shown after the windows', 0, 200_000],
  ])('M5 of another shape: a hold %s gets no key, and is nobody’s loss', async (_name, ahead, waits) => {
    const s = await scene(303);
    const proposed = await s.rogue.propose(s.seller, s.order);
    const time = world.environment.now() + ahead;
    const hold = await s.rogue.hold(proposed, START, await s.rogue.next(), { time });
    await world.environment.advance(waits);
    const answer = said(await s.rogue.show(s.seller, hold));
    if (ahead === 0) expect(answer).toMatch(/^(late|closed|unknown)/);
    await world.environment.advance(HOUR);
    const key = await blocksOf(s.seller, s.seller, 'market/release');
    if (ahead === 0) expect(key).toEqual([]);
    // Whatever a date says: a key is only ever given for money that the witness then awards.
    expect((await s.seller.market.balance(s.seller.key, 'DUM1')).earned).toBe(key.length === 0 ? 0n : 900n);
    expect(s.seller.market.orders()[0]).toMatchObject({ reserved: 0, filled: key.length });
  });
});

describe('M6 a buyer that is cut off', () => {
  it.each(['proposing', 'fetching', 'signing', 'held', 'opening'])(
    'M6 from %s until after all windows, pays and has its data, or keeps its money',
    async (state) => {
      const s = await scene(310 + state.length);
      await buyUntil(s, s.buyer, state, () =>
        world.networks.partition([s.seller.key, s.maker.key], [s.buyer.key]),
      );
      await world.environment.advance(200_000);
      await mend(s);
      await expectWhole(s);
    },
  );

  it.each(['releasing', 'acknowledged', 'waiting'])(
    'M6 from the moment when the seller is %s, has what it paid for',
    async (state) => {
      const s = await scene(320 + state.length);
      await buyUntil(s, s.seller, state, () =>
        world.networks.partition([s.seller.key, s.maker.key], [s.buyer.key]),
      );
      await world.environment.advance(200_000);
      expect(tradeOf(s.seller).state).toBe('completed');
      await mend(s);
      expect(await expectWhole(s)).toBe('sold');
    },
  );

  it.each(['signing', 'held', 'opening'])(
    'M6 a seller that is cut off from the buyer’s %s on is paid or keeps its data',
    async (state) => {
      const s = await scene(330 + state.length);
      await buyUntil(s, s.buyer, state, () =>
        world.networks.partition([s.buyer.key, s.maker.key], [s.seller.key]),
      );
      await world.environment.advance(200_000);
      await mend(s);
      await expectWhole(s);
    },
  );
});

describe('M7 the witness and a party gone', () => {
  it.each(['fetching', 'signing', 'held'])(
    'M7 the witness from %s on, the buyer once the seller has its hold: both end when they are back',
    async (state) => {
      const s = await scene(340 + state.length);
      await buyUntil(s, s.buyer, state, () => world.networks.crash(s.maker.key));
      await world.crash(s.maker);
      await world.until(() => s.seller.market.trades()[0]?.state === 'releasing', 20_000, 1);
      await world.crash(s.buyer);
      await world.environment.advance(DAY);
      expect(tradeOf(s.seller).finished).toBe(false);
      await world.restart(s.maker);
      await world.restart(s.buyer);
      await mend(s);
      expect(await expectWhole(s)).toBe('returned');
    },
  );

  it('M7 the witness and the buyer gone after the key was given: the seller is paid when the witness is back, buyer or not', async () => {
    const s = await scene(344);
    await buyUntil(s, s.seller, 'waiting', () => world.networks.crash(s.maker.key));
    await world.crash(s.maker);
    await world.crash(s.buyer);
    await world.environment.advance(3 * HOUR);
    await world.restart(s.maker);
    await world.environment.advance(HOUR);
    expect(tradeOf(s.seller).state).toBe('completed');
    expect(await purse(s.seller, s.seller)).toBe('1000/0/900');
    await world.restart(s.buyer);
    await mend(s);
    expect(await expectWhole(s)).toBe('sold');
  });
});

type Unsigned =
  | Omit<Extract<ComplaintEvidence, { kind: 'proof' }>, 'signature'>
  | Extract<ComplaintEvidence, { kind: 'twice' }>;

describe('M8 complaints that prove nothing', () => {
  /** A rogue with the key of what it bought, and what it could complain with. */
  async function delivered(seed: number) {
    const s = await scene(seed);
    const proposed = await s.rogue.propose(s.seller, s.order);
    const hold = await s.rogue.agree(proposed, START);
    const shown = await s.rogue.show(s.seller, hold);
    if (proposed.reply.kind !== 'accept' || shown.kind !== 'released') throw new Error(said(shown));
    const { proposal } = proposed.reply;
    const signed = async (complaint: Unsigned): Promise<ComplaintEvidence> =>
      complaint.kind === 'twice' ? complaint : signedComplaint(hold.bytes, complaint, s.buyer.signer);
    const complain = async (complaint: Unsigned, maker: Node = s.maker) =>
      decodeNotaryAnswer(
        await ask(
          world,
          s.buyer,
          maker,
          NOTARY_PROTOCOL,
          encodeNotaryRequest(
            await sealedComplain(
              {
                kind: 'complain',
                key: maker.market.notaryKeys[0]!,
                evidence: { currency: null, hold: hold.bytes, certificate: null },
                complaint: await signed(complaint),
                refunds: [],
              },
              s.buyer.key,
              async (request) =>
                decodeNotaryAnswer(
                  await ask(world, s.buyer, maker, NOTARY_PROTOCOL, encodeNotaryRequest(request)),
                ),
            ),
          ),
        ),
      );
    const honest = {
      kind: 'proof',
      proposal,
      release: shown.release,
      opener: shown.opener,
      recipientKey: proposed.recipientKey,
      document: encodeDatasetDocument(documentOf('gold')),
      proof: new Uint8Array(33),
    } as const;
    return { ...s, complain, honest };
  }

  it('M8 an invented proof, key, document or second release is nothing: the seller is paid', async () => {
    const s = await delivered(350);
    const { honest } = s;
    const attempts: Unsigned[] = [
      honest,
      { ...honest, proof: Uint8Array.of(0, ...new Uint8Array(32).fill(9)) },
      { ...honest, proof: new Uint8Array(0) },
      { ...honest, recipientKey: new Uint8Array(32).fill(1) },
      { ...honest, opener: new Uint8Array(32) },
      { ...honest, document: encodeDatasetDocument(documentOf('lead')) },
      { kind: 'twice', releases: [honest.release, honest.release] },
      { kind: 'twice', releases: [honest.release, honest.proposal] },
    ];
    for (const [i, attempt] of attempts.entries()) {
      const answer = await s.complain(attempt);
      expect(answer.kind, `attempt ${i}`).toMatch(/^(unfounded|refused)$/);
      await world.environment.advance(1_000);
    }
    await world.environment.advance(2 * HOUR);
    expect(tradeOf(s.seller).state).toBe('completed');
    expect(await purse(s.maker, s.seller)).toBe('1000/0/900');
  });

  it('M8 of another shape: a founded complaint after the window, or at a witness that nobody named, comes too late', async () => {
    const s = await delivered(351);
    const stranger = await world.node('stranger', { deltaMs: SHORT.deltaMs }, true);
    await world.link(stranger, s.buyer);
    const elsewhere = await s.complain(s.honest, stranger);
    expect(elsewhere.kind).toMatch(/^(unfounded|refused|need|holds)$/);
    if (elsewhere.kind === 'holds')
      expect(elsewhere.holds.flatMap(({ statements }) => statements)).toEqual([]);
    await world.environment.advance(HOUR);
    const late = await s.complain(s.honest);
    const kinds =
      late.kind === 'holds' ? late.holds.flatMap(({ statements }) => statements.map(({ kind }) => kind)) : [];
    expect(kinds).not.toContain('refund');
    expect(await purse(s.maker, s.seller)).toBe('1000/0/900');
  });
});
