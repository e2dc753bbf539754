/** Spot checks before payment, and what it takes to see more than is meant (review D2). */

import { type AssetId, equalBytes, type Network, singleFrame, softwareSigner } from '@edmp/interface';
import { price } from '@edmp/market';
import { BID_TYPE, bidToTx } from '@edmp/market/codec';
import { buyInspected } from '@edmp/trader';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { spotCheckIndices } from '../../data-settlement/src/exchange/spot-check.ts';
import {
  decodeSpotReply,
  decodeSpotRequest,
  encodeSpotReply,
  encodeSpotRequest,
  SPOT_CHECK_PROTOCOL,
  type SpotReply,
  type SpotRequest,
} from '../../data-settlement/src/exchange/spot-check-messages.ts';
import {
  makeSpotKey,
  openSpotAnswer,
  sealSpotAnswer,
} from '../../data-settlement/src/exchange/spot-check-seal.ts';
import { signed } from '../../data-settlement/test/support/blocks.ts';
import { crypto, type DealWorld, dealWorld } from './support/deal-world.ts';

const DAY = 86_400_000;
let world: DealWorld;
afterEach(async () => {
  await world.stop();
});

/** A request of which the key may be left out. */
type Asked =
  | Exclude<SpotRequest, { kind: 'open' }>
  | (Omit<Extract<SpotRequest, { kind: 'open' }>, 'recipient'> & { readonly recipient?: Uint8Array });
/** An answer as whoever asked reads it. */
type Answered =
  | Exclude<SpotReply, { kind: 'opened' }>
  | { readonly kind: 'opened'; readonly nonce: Uint8Array; readonly answer: Uint8Array };

/** Somebody with a name of their own, who asks a seller for parts of its data. */
async function nosy(number: number) {
  const secretKey = crypto.sha256(Uint8Array.of(number, number >> 8, 7));
  const signer = softwareSigner({ crypto, secretKey });
  const network = await world.stranger(signer.publicKey);
  const { secretKey: opener, publicKey: recipient } = makeSpotKey({ crypto, environment: world.environment });
  const ask = async (request: Asked): Promise<Answered> => {
    const asked = request.kind === 'open' ? { recipient, ...request } : request;
    const reply = decodeSpotReply(await world.act(send(network, encodeSpotRequest(asked))));
    if (reply.kind !== 'opened' || request.kind !== 'open') return reply as Answered;
    const bidId = decodeHalfBlock(request.bid, crypto).id.bytes;
    const binding = { seller: world.seller.key, buyer: signer.publicKey, bid: bidId };
    const answer = openSpotAnswer(crypto, opener, binding, reply.sealed);
    return { kind: 'opened', nonce: reply.nonce, answer };
  };
  const bid = async (asset: AssetId, seq = 1): Promise<Uint8Array> => {
    const time = world.environment.now() + seq;
    const tx = bidToTx({ asset, price: price('DUM1', 7), quantity: 1, expires: time + DAY });
    return (await signed(signer, BID_TYPE, tx, { seq, time })).bytes;
  };
  return { ask, bid, network };
}

const send = (network: Network, body: Uint8Array): Promise<Uint8Array> =>
  singleFrame(network.request(world.seller.key, SPOT_CHECK_PROTOCOL, body, { timeoutMs: 10_000 }));

describe('a spot check', { timeout: bounds.journey }, () => {
  it('comes before the payment, and the deal goes on when all is as described', async () => {
    world = await dealWorld({ days: 400 });
    const { asset, price: asked } = await world.offer();
    const order = await world.act(buyInspected(world.buyer, { asset, price: asked, lifetimeMs: DAY }, 2));
    expect(await world.ended(order)).toMatchObject({ state: 'completed' });
    // This buyer has seen its part.
    await expect(
      world.act(buyInspected(world.buyer, { asset, price: asked, lifetimeMs: DAY, again: true }, 2)),
    ).rejects.toMatchObject({ code: 'ERR_SETTLEMENT_SPOT_CHECK' });
    // A bid without one is as free as ever.
    const plain = await world.act(
      world.buyer.market.buy({ asset, price: asked, lifetimeMs: DAY, again: true }),
    );
    expect(await world.ended(plain)).toMatchObject({ state: 'completed' });
  });

  it('of data too small to show a part of is refused before anything is bid', async () => {
    world = await dealWorld();
    const { asset, price: asked } = await world.offer();
    await expect(
      world.act(buyInspected(world.buyer, { asset, price: asked, lifetimeMs: DAY }, 1)),
    ).rejects.toMatchObject({ code: 'ERR_SETTLEMENT_SPOT_CHECK', message: /so few chunks/ });
    expect(world.buyer.market.orders()).toEqual([]);
    await expect(
      world.act(buyInspected(world.buyer, { asset, price: asked, lifetimeMs: DAY }, 33)),
    ).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  it.each([
    ['another nonce', (reply: SpotReply) => ({ ...reply, nonce: new Uint8Array(32) })],
    ['an altered chunk', (reply: SpotReply) => altered(reply)],
    ['another’s chunks', (_: SpotReply, to: Uint8Array) => elsewhere(to)],
    ['no answer', (): SpotReply => ({ kind: 'no', reason: 'spent' })],
  ] as const)('that is answered with %s ends the deal, and nothing is held', async (_, change) => {
    let cheat = false;
    world = await dealWorld({
      days: 400,
      spotReplies: (body, answer) => {
        if (!cheat || decodeSpotRequest(body).kind !== 'open') return answer;
        return encodeSpotReply(change(decodeSpotReply(answer), recipientOf(body)) as SpotReply);
      },
    });
    cheat = true;
    const { asset, price: asked } = await world.offer();
    const before = await world.buyer.market.balance(world.buyer.key, 'DUM1');
    const order = await world.act(buyInspected(world.buyer, { asset, price: asked, lifetimeMs: DAY }, 1));
    const trade = await world.ended(order);
    expect(trade.state).toBe('failed');
    expect(trade.failure?.reason).toMatch(/spot check/i);
    expect(await world.buyer.market.balance(world.buyer.key, 'DUM1')).toEqual(before);
  });

  it('shows a quarter at most, whatever names and bids it is asked with, and nobody picks what', async () => {
    world = await dealWorld({ days: 1_826 });
    const { asset } = await world.offer();
    const [{ document } = { document: undefined }] = await world.seller.settlement.datasets();
    const chunks = document?.chunks ?? 0;
    const most = Math.floor(chunks / 4);
    expect(most).toBeGreaterThan(4);
    const wanted = 3;
    const seen = new Set<number>();
    let refused = 0;
    for (let name = 1; name <= 3 * most; name++) {
      const { ask, bid } = await nosy(name);
      const committed = await ask({ kind: 'commit', asset, samples: 1 });
      if (committed.kind !== 'committed') {
        refused += 1;
        continue;
      }
      // As the attack on the first version did: of many bids the one whose hash draws the wanted chunk.
      let best = await bid(asset);
      for (let seq = 2; seq < 20; seq++) {
        const candidate = await bid(asset, seq);
        const drawn = spotCheckIndices(crypto, crypto.sha256(candidate), chunks, 1);
        if (drawn.includes(wanted)) best = candidate;
      }
      const opened = await ask({ kind: 'open', asset, samples: 1, bid: best });
      if (opened.kind !== 'opened') {
        refused += 1;
        continue;
      }
      expect(equalBytes(crypto.sha256(opened.nonce), committed.commitment)).toBe(true);
      seen.add(indexOf(opened.answer));
      // Another bid, now that the nonce is known, shows nothing else.
      expect(await ask({ kind: 'open', asset, samples: 1, bid: await bid(asset, 50) })).toEqual({
        kind: 'no',
        reason: 'again',
      });
      // The same one again gives the same answer.
      expect(await ask({ kind: 'open', asset, samples: 1, bid: best })).toEqual(opened);
    }
    expect(seen.size).toBeLessThanOrEqual(most);
    expect(seen.size).toBeGreaterThan(1);
    expect(refused).toBeGreaterThan(0);
  });

  it('is left to buyers who paid before, however many names strangers make', async () => {
    world = await dealWorld({ days: 1_826 });
    expect(await world.deal()).toMatchObject({ state: 'completed' });
    const { asset, price: asked } = await world.offer();
    const { document } =
      (await world.seller.settlement.datasets()).find((owned) => owned.asset === asset) ?? {};
    const most = Math.floor((document?.chunks ?? 0) / 4);
    // One name takes no more than its share.
    const greedy = await nosy(1);
    expect(await greedy.ask({ kind: 'commit', asset, samples: Math.ceil(most / 4) + 1 })).toEqual({
      kind: 'no',
      reason: 'share',
    });
    // Many names take what strangers have together, and no more.
    const seen = new Set<number>();
    const refusals = new Set<string>();
    for (let name = 2; name <= 3 * most; name++) {
      const { ask, bid } = await nosy(name);
      const committed = await ask({ kind: 'commit', asset, samples: 1 });
      const opened =
        committed.kind === 'no'
          ? committed
          : await ask({ kind: 'open', asset, samples: 1, bid: await bid(asset) });
      if (opened.kind === 'opened') seen.add(indexOf(opened.answer));
      if (opened.kind === 'no') refusals.add(opened.reason);
    }
    expect(seen.size).toBeLessThanOrEqual(Math.ceil(most / 2));
    expect([...refusals]).toEqual(['reserved']);
    // Who paid before still looks.
    const order = await world.act(
      buyInspected(world.buyer, { asset, price: asked, lifetimeMs: DAY, again: true }, 2),
    );
    expect(await world.ended(order)).toMatchObject({ state: 'completed' });
  });

  it('is not opened for strangers’ bids, bids for other data, or noise', async () => {
    world = await dealWorld({ days: 400 });
    const { asset } = await world.offer();
    const { ask, bid, network } = await nosy(1);
    const other = await nosy(2);
    const open = (block: Uint8Array): Asked => ({ kind: 'open', asset, samples: 1, bid: block });
    const no = { kind: 'no', reason: 'bid' };
    expect(await ask(open(await bid(asset)))).toEqual(no);
    await ask({ kind: 'commit', asset, samples: 1 });
    expect(await ask(open(await other.bid(asset)))).toEqual(no);
    expect(await ask(open(await bid(`EW${'b'.repeat(59)}`).catch(() => Uint8Array.of(1))))).toEqual(no);
    expect(await ask({ ...open(await bid(asset)), samples: 2 } as SpotRequest)).toEqual(no);
    await expect(world.act(send(network, Uint8Array.of(1, 2, 3)))).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_NETWORK/),
    });
    // A peer that asks on and on is told to wait.
    const answers = [];
    for (let i = 0; i < 10; i++) answers.push(await ask(open(Uint8Array.of(1))));
    expect(answers.at(-1)).toEqual({ kind: 'no', reason: 'busy' });
  });
});

/** The answer with one value changed. */
function altered(reply: SpotReply): SpotReply {
  if (reply.kind !== 'opened') return reply;
  const sealed = reply.sealed.slice();
  const at = sealed.length >> 1;
  sealed[at] = (sealed[at] ?? 0) ^ 1;
  return { ...reply, sealed };
}

const recipientOf = (body: Uint8Array): Uint8Array => {
  const request = decodeSpotRequest(body);
  return request.kind === 'open' ? request.recipient : new Uint8Array(0);
};

/** An answer that is sealed to the right key and meant for somebody else. */
function elsewhere(recipient: Uint8Array): SpotReply {
  const binding = { seller: world.seller.key, buyer: world.seller.key, bid: new Uint8Array(36) };
  const sealed = sealSpotAnswer({ crypto, environment: world.environment }, recipient, binding, recipient);
  return { kind: 'opened', nonce: new Uint8Array(32), sealed };
}

/** Index of the only chunk of an answer. */
function indexOf(answer: Uint8Array): number {
  const at = Buffer.from(answer).indexOf('index') + 5;
  const first = answer[at] ?? 0;
  return first < 24 ? first : (answer[at + 1] ?? 0);
}
