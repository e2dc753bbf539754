import { singleFrame } from '@edmp/interface';
import {
  ASK_TYPE,
  askToTx,
  CANCEL_TYPE,
  cancelToTx,
  encodeTerms,
  price,
  signTerms,
  type Terms,
  TRADE_TYPE,
  tradeToTx,
} from '@edmp/market';
import { signHalfBlock } from '@edmp/trustchain';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeMatchMessage } from '../src/matching/messages.ts';
import { decodeNegotiateReply, encodeNegotiateRequest } from '../src/trade/messages.ts';
import { crypto, documentOf } from './support/documents.ts';
import { createWorld, DAY, type Node, type World } from './support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

interface Scene {
  readonly victim: Node;
  readonly rogue: Node;
  readonly maker: Node;
  readonly asset: string;
}

async function scene(seed: number): Promise<Scene> {
  world = await createWorld(seed);
  const victim = await world.node('victim', { matchmaker: false });
  const rogue = await world.node('rogue', { matchmaker: false });
  const maker = await world.node('maker');
  await world.link(victim, rogue, maker);
  return { victim, rogue, maker, asset: victim.settlement.add(documentOf('target')) };
}

async function ask(from: Node, to: Node, protocol: string, body: Uint8Array): Promise<Uint8Array> {
  return world.environment.run(singleFrame(from.network.request(to.key, protocol, body)));
}

/** Terms over a real ask and bid, changed at will, signed by the rogue buyer. */
async function forgedTerms(
  { victim, rogue, asset }: Scene,
  changes: (terms: Terms) => Partial<Terms>,
): Promise<{ readonly body: Uint8Array; readonly terms: ReturnType<typeof encodeTerms> }> {
  const order = victim.market.orders()[0]!;
  await rogue.market.buy({ asset, price: price('DUM1', 1), lifetimeMs: DAY });
  const bid = rogue.market.orders()[0]!;
  const bidBlock = (await rogue.store.get(bid.id))!;
  const now = world.environment.now();
  const honest: Terms = {
    ask: order.id,
    bid: bid.id,
    seller: victim.key,
    buyer: rogue.key,
    asset,
    quantity: 1,
    price: order.price,
    amount: order.price.amount,
    deadlines: {
      deliver: now + 60_000,
      accept: now + 120_000,
      release: now + 180_000,
      complain: now + 600_000,
    },
    recipientKey: new Uint8Array(32).fill(1),
    witnesses: [],
    nonce: new Uint8Array(16),
  };
  const terms = encodeTerms({ ...honest, ...changes(honest) }, crypto);
  const signature = await signTerms(terms, rogue.signer);
  return {
    terms,
    body: encodeNegotiateRequest({ kind: 'propose', terms: terms.bytes, signature, bid: bidBlock.bytes }),
  };
}

const NEGOTIATE = '/edmp/market/negotiate/1';

describe('S143 attacks on the earlier markets are refused and recorded', () => {
  it('E2 a proposal at another price than the resting order’s is declined', async () => {
    const s = await scene(71);
    await s.victim.market.sell({
      document: documentOf('target'),
      price: price('DUM1', 50),
      supply: 1,
      lifetimeMs: DAY,
    });
    const { body } = await forgedTerms(s, () => ({ price: price('DUM1', 1), amount: 1n }));
    const reply = decodeNegotiateReply(await ask(s.rogue, s.victim, NEGOTIATE, body));
    expect(reply).toMatchObject({ kind: 'decline', reason: 'terms' });
    expect(s.victim.market.trades()).toEqual([]);
    expect(s.victim.market.orders()[0]!.reserved).toBe(0);
    expect(s.victim.market.evidence().map((entry) => entry.code)).toContain('ERR_TRADE_TERMS');
  });

  it('E2 crossing orders at a price that is not the resting one are declined for the price', async () => {
    const s = await scene(72);
    await s.victim.market.sell({
      document: documentOf('target'),
      price: price('DUM2', 1),
      supply: 1,
      lifetimeMs: DAY,
    });
    const order = s.victim.market.orders()[0]!;
    await world.environment.advance(5);
    world.networks.setTopicFaults({ loss: 1 });
    await s.rogue.market.buy({ asset: s.asset, price: price('DUM2', 5), lifetimeMs: DAY });
    const bid = s.rogue.market.orders()[0]!;
    const now = world.environment.now();
    const terms = encodeTerms(
      {
        ask: order.id,
        bid: bid.id,
        seller: s.victim.key,
        buyer: s.rogue.key,
        asset: s.asset,
        quantity: 1,
        price: price('DUM2', 5),
        amount: 5n,
        deadlines: {
          deliver: now + 60_000,
          accept: now + 120_000,
          release: now + 180_000,
          complain: now + 600_000,
        },
        recipientKey: new Uint8Array(32),
        witnesses: [],
        nonce: new Uint8Array(16),
      },
      crypto,
    );
    const body = encodeNegotiateRequest({
      kind: 'propose',
      terms: terms.bytes,
      signature: await signTerms(terms, s.rogue.signer),
      bid: (await s.rogue.store.get(bid.id))!.bytes,
    });
    expect(decodeNegotiateReply(await ask(s.rogue, s.victim, NEGOTIATE, body))).toMatchObject({
      reason: 'price',
    });
    expect(s.victim.market.evidence().map((entry) => entry.code)).toContain('ERR_TRADE_PRICE');
  });

  it('E3 a seller that answers with other amounts gets no signature and no money', async () => {
    const s = await scene(73);
    const document = documentOf('target');
    await s.victim.market.sell({ document, price: price('DUM1', 1), supply: 1, lifetimeMs: DAY });
    // The "seller" here lies in every negotiation answer it sends.
    world.networks.tamper(s.victim.key, (frame) => {
      if (frame.name !== NEGOTIATE) return frame.body;
      return new Uint8Array(frame.body).fill(7, 0, 3);
    });
    await s.rogue.market.buy({ asset: s.asset, price: price('DUM1', 1), lifetimeMs: DAY });
    await world.until(() => s.rogue.market.trades()[0]?.state === 'failed', 60_000);
    expect(await s.rogue.market.balance(s.rogue.key, 'DUM1')).toEqual({
      available: 1000n,
      held: 0n,
      pending: 0n,
    });
    expect(s.rogue.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
  });

  it('E4 an unsolicited trade proposal is never countersigned, and holds nothing', async () => {
    const s = await scene(74);
    const now = world.environment.now();
    const fake = await s.rogue.trustchain.source({
      type: ASK_TYPE,
      tx: askToTx({ document: documentOf('bait'), price: price('DUM1', 900), supply: 1, expires: now + DAY }),
    });
    const terms = encodeTerms(
      {
        ask: fake.id,
        bid: fake.id,
        seller: s.rogue.key,
        buyer: s.victim.key,
        asset: s.asset,
        quantity: 1,
        price: price('DUM1', 900),
        amount: 900n,
        deadlines: {
          deliver: now + 60_000,
          accept: now + 120_000,
          release: now + 180_000,
          complain: now + 600_000,
        },
        recipientKey: new Uint8Array(32),
        witnesses: [],
        nonce: new Uint8Array(16),
      },
      crypto,
    );
    const signature = await signTerms(terms, s.rogue.signer);
    const tx = tradeToTx({
      encoded: terms,
      sellerSignature: signature,
      buyerSignature: signature,
      settlementRoot: new Uint8Array(32),
      chunks: 1,
      bytes: 1,
    });
    // The rogue's own chain would refuse to sign it, so it signs by hand.
    const head = (await s.rogue.store.head(s.rogue.key))!;
    const forged = await signHalfBlock(
      {
        v: 1,
        key: s.rogue.key,
        seq: head.core.seq + 1,
        prev: head.id,
        peer: s.victim.key,
        link: null,
        type: TRADE_TYPE,
        tx,
        time: now,
      },
      s.rogue.signer,
      crypto,
    );
    expect((await s.victim.trustchain.receive(forged.bytes)).level).toBe('invalid');
    await expect(
      s.rogue.trustchain.propose({
        peer: s.victim.key,
        type: TRADE_TYPE,
        tx,
      }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    await world.environment.advance(5_000);
    expect(s.victim.market.trades()).toEqual([]);
    expect(await s.victim.market.balance(s.victim.key, 'DUM1')).toEqual({
      available: 1000n,
      held: 0n,
      pending: 0n,
    });
  });

  it('E8 a stranger’s cancel does not touch the order', async () => {
    const s = await scene(75);
    const order = await s.victim.market.sell({
      document: documentOf('target'),
      price: price('DUM1', 5),
      supply: 1,
      lifetimeMs: DAY,
    });
    await world.until(() => s.maker.market.openOrders().length === 1);
    const block = await s.rogue.trustchain.source({ type: CANCEL_TYPE, tx: cancelToTx(order.id) });
    await s.rogue.network.publish('/edmp/market/orders/1', block.bytes);
    await world.environment.advance(1_000);
    expect(s.maker.market.openOrders()).toHaveLength(1);
    expect(s.victim.market.orders()[0]!.status).toBe('open');
    expect(s.maker.market.evidence().map((entry) => entry.code)).toContain('ERR_ORDER_OWNER');
    await expect(s.rogue.market.cancel(order.id)).rejects.toMatchObject({ code: 'ERR_ORDER_OWNER' });
  });

  it('E8b an order in another trader’s name cannot be made: the key is the trader', async () => {
    const s = await scene(76);
    const order = await s.victim.market.sell({
      document: documentOf('target'),
      price: price('DUM1', 5),
      supply: 1,
      lifetimeMs: DAY,
    });
    const block = (await s.victim.store.get(order.id))!;
    const forged = new Uint8Array(block.bytes);
    forged[forged.length - 1]! ^= 1;
    await s.rogue.network.publish('/edmp/market/orders/1', forged);
    await world.environment.advance(500);
    expect(s.maker.market.evidence().length + s.victim.market.evidence().length).toBeGreaterThan(0);
    expect(s.maker.market.openOrders()).toHaveLength(1);
  });

  it('E9 a stranger’s news about an order is refused', async () => {
    const s = await scene(77);
    const order = await s.victim.market.sell({
      document: documentOf('target'),
      price: price('DUM1', 5),
      supply: 1,
      lifetimeMs: DAY,
    });
    await world.until(() => s.maker.market.openOrders().length === 1);
    const body = encodeMatchMessage({ kind: 'update', order: order.id, available: 0, blocked: [] });
    await expect(ask(s.rogue, s.maker, '/edmp/market/match/1', body)).rejects.toMatchObject({
      code: 'ERR_NETWORK_REMOTE',
    });
    expect(s.maker.market.book(s.asset, 'DUM1').asks).toHaveLength(1);
    expect(s.maker.market.evidence().map((entry) => entry.code)).toContain('ERR_ORDER_OWNER');
  });

  it('random and mutated requests to every protocol give typed answers and never stop a node', async () => {
    const s = await scene(78);
    await s.victim.market.sell({
      document: documentOf('target'),
      price: price('DUM1', 50),
      supply: 1,
      lifetimeMs: DAY,
    });
    const { body } = await forgedTerms(s, () => ({}));
    const protocols = ['negotiate', 'match', 'book', 'witness', 'evidence'].map(
      (name) => `/edmp/market/${name}/1`,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...protocols),
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
            const copy = new Uint8Array(body);
            copy[at]! ^= flip;
            return copy;
          }),
        ),
        async (protocol, bytes) => {
          try {
            await ask(s.rogue, s.victim, protocol, bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_NETWORK_REMOTE' });
            expect((error as { details: { code?: string } }).details.code).not.toBe('ERR_INTERNAL');
          }
        },
      ),
      { numRuns: 150 },
    );
    for (let i = 0; i < 30; i++) {
      await s.rogue.network.publish('/edmp/market/orders/1', world.environment.randomBytes(1 + i * 7));
    }
    await world.environment.advance(1_000);
    expect(s.maker.market.openOrders().length).toBeGreaterThan(0);
    await s.victim.market
      .sell({ document: documentOf('second'), price: price('DUM1', 50), supply: 1, lifetimeMs: DAY })
      .catch((error) => {
        expect(error).toMatchObject({ code: 'ERR_ORDER_NO_DATA' });
      });
  });
});

describe('checks before signing', () => {
  it('S150 an order above the free balance is refused at creation', async () => {
    const s = await scene(80);
    await expect(
      s.rogue.market.buy({ asset: s.asset, price: price('DUM1', 1_001), lifetimeMs: DAY }),
    ).rejects.toMatchObject({
      code: 'ERR_WALLET_INSUFFICIENT',
    });
    await s.rogue.market.buy({ asset: s.asset, price: price('DUM1', 700), lifetimeMs: DAY });
    await expect(
      s.rogue.market.buy({ asset: s.asset, price: price('DUM1', 301), lifetimeMs: DAY }),
    ).rejects.toMatchObject({
      code: 'ERR_WALLET_INSUFFICIENT',
    });
    await s.rogue.market.buy({ asset: s.asset, price: price('DUM1', 300), lifetimeMs: DAY });
  });

  it('S153 a second sale of an exclusive dataset is refused', async () => {
    const s = await scene(81);
    const document = documentOf('target');
    await s.victim.market.sell({ document, price: price('DUM1', 5), supply: 1, lifetimeMs: DAY });
    await expect(
      s.victim.market.sell({ document, price: price('DUM1', 5), supply: 1, lifetimeMs: DAY }),
    ).rejects.toMatchObject({ code: 'ERR_ORDER_EXCLUSIVE' });
    await s.rogue.market.buy({ asset: s.asset, price: price('DUM1', 5), lifetimeMs: DAY });
    await world.until(() => s.victim.market.trades()[0]?.state === 'completed');
    await expect(
      s.victim.market.sell({ document, price: price('DUM1', 5), supply: 3, lifetimeMs: DAY }),
    ).rejects.toMatchObject({ code: 'ERR_ORDER_EXCLUSIVE' });
  });

  it.each([
    [{ supply: 0 }, 'ERR_ORDER_AMOUNT'],
    [{ supply: 1.5 }, 'ERR_ORDER_AMOUNT'],
    [{ lifetimeMs: 0 }, 'ERR_ORDER_LIFETIME'],
    [{ lifetimeMs: 400 * DAY }, 'ERR_ORDER_LIFETIME'],
    [{ price: { currency: 'DUM1', amount: 0n, per: 1n } }, 'ERR_ORDER_AMOUNT'],
    [{ price: { currency: 'DUM1', amount: 2n ** 63n, per: 1n } }, 'ERR_ORDER_AMOUNT'],
    [{ price: { currency: 'XYZ', amount: 1n, per: 1n } }, 'ERR_MARKET_UNKNOWN'],
    [{ document: documentOf('data that is elsewhere') }, 'ERR_ORDER_NO_DATA'],
  ] as const)('an offer with %o is refused with %s', async (changes, code) => {
    const s = await scene(82);
    await expect(
      s.victim.market.sell({
        document: documentOf('target'),
        price: price('DUM1', 5),
        supply: 1,
        lifetimeMs: DAY,
        ...changes,
      }),
    ).rejects.toMatchObject({ code });
    expect(s.victim.market.orders()).toEqual([]);
  });

  it('S147 a payment outside a trade counts once', async () => {
    const s = await scene(83);
    const [wallet] = s.rogue.market.wallets();
    const [mine] = s.victim.market.wallets();
    const id = await world.environment.run(wallet!.transfer(30n, mine!.address()));
    await world.environment.advance(500);
    expect((await mine!.balance()).available).toBe(1030n);
    expect((await wallet!.balance()).available).toBe(970n);
    await expect(mine!.verify({ id, amount: 31n, payee: mine!.address() })).rejects.toMatchObject({
      code: 'ERR_WALLET_PAYMENT',
    });
    await mine!.verify({ id, amount: 30n, payee: mine!.address() });
    await expect(mine!.verify({ id, amount: 30n, payee: mine!.address() })).rejects.toMatchObject({
      code: 'ERR_WALLET_PAYMENT',
    });
    await expect(wallet!.transfer(971n, mine!.address())).rejects.toMatchObject({
      code: 'ERR_WALLET_INSUFFICIENT',
    });
  });
});
