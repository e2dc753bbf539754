import { singleFrame } from '@edmp/interface';
import { price } from '@edmp/market';
import {
  BID_TYPE,
  bidToTx,
  CANCEL_TYPE,
  cancelToTx,
  type EncodedTerms,
  encodeTerms,
  type Terms,
  TRADE_TYPE,
} from '@edmp/market/codec';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { tradeProposalToTx } from '../../src/blocks/trade.ts';
import { CURRENCY_PROTOCOL } from '../../src/desk/currency-exchange.ts';
import { CERTIFICATES_PROTOCOL } from '../../src/evidence/certificate-messages.ts';
import { HOLDS_TOPIC } from '../../src/evidence/hold-messages.ts';
import { MATCH_PROTOCOL, ORDERS_TOPIC } from '../../src/matching/messages.ts';
import { NOTARY_PROTOCOL } from '../../src/notary/limits.ts';
import { NOTARY_PROOFS_TOPIC } from '../../src/notary/proof-register.ts';
import { decodeTradeReply, encodeTradeRequest, TRADE_PROTOCOL } from '../../src/trade/messages.ts';
import { crypto, documentOf } from '../support/documents.ts';
import { createWorld, DAY, type Node, type World } from '../support/world.ts';

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
  const { seller: victim, buyer: rogue, maker } = await world.trio();
  return { victim, rogue, maker, asset: victim.settlement.add(documentOf('target')) };
}

const offerOf = (title: string, amount: number) => ({
  document: documentOf(title),
  price: price('DUM1', amount),
  supply: 1,
  lifetimeMs: DAY,
});

async function ask(from: Node, to: Node, protocol: string, body: Uint8Array): Promise<Uint8Array> {
  return world.run(singleFrame(from.network.request(to.key, protocol, body)), 60_000, 5);
}

/** Terms over a real ask and bid, changed at will, as a buyer's request. */
async function forged(
  { victim, rogue, maker, asset }: Scene,
  changes: Partial<Terms>,
): Promise<{ readonly body: Uint8Array; readonly terms: EncodedTerms }> {
  const [order] = victim.market.orders();
  // Signed by hand, so that the rogue's own market does not simply buy.
  const expires = world.environment.now() + DAY;
  const bid = await rogue.trustchain.source({
    type: BID_TYPE,
    tx: bidToTx({ asset, price: order!.price, quantity: 1, expires }),
  });
  const recipientKey = await rogue.settlement.createRecipientKey();
  const now = world.environment.now();
  const honest: Terms = {
    ask: order!.id,
    bid: bid.id,
    seller: victim.key,
    buyer: rogue.key,
    asset,
    quantity: 1,
    price: order!.price,
    amount: order!.price.amount,
    deadlines: { accept: now + 60_000, release: now + 660_000, complain: now + 4_260_000 },
    suite: 'x-wing',
    recipient: crypto.sha256(recipientKey),
    witnesses: maker.market.notaryKeys,
    nonce: new Uint8Array(16).fill(1),
  };
  const terms = encodeTerms({ ...honest, ...changes }, crypto);
  return {
    body: encodeTradeRequest({ kind: 'propose', terms: terms.bytes, recipientKey, bid: bid.bytes }),
    terms,
  };
}

describe('MS143 attacks on the earlier markets are refused and recorded', () => {
  it('E2 a proposal at another price than the ask’s is declined for the price', async () => {
    const s = await scene(71);
    await s.victim.market.sell(offerOf('target', 50));
    await world.environment.advance(100);
    const { body } = await forged(s, { price: price('DUM1', 1), amount: 1n });
    const reply = decodeTradeReply(await ask(s.rogue, s.victim, TRADE_PROTOCOL, body));
    expect(reply).toMatchObject({ kind: 'decline', reason: 'price' });
    expect(s.victim.market.trades()).toEqual([]);
    expect(s.victim.market.orders()[0]).toMatchObject({ status: 'open', reserved: 0 });
  });

  it('E3 terms for more than the price says cannot even be written', async () => {
    const s = await scene(72);
    await s.victim.market.sell(offerOf('target', 50));
    await expect(forged(s, { amount: 49n })).rejects.toMatchObject({ code: 'ERR_TRADE_TERMS' });
  });

  it('E4 an unsolicited trade proposal is never countersigned, and holds nothing', async () => {
    const s = await scene(73);
    await s.victim.market.sell(offerOf('target', 5));
    await world.environment.advance(100);
    // The rogue sells the victim something that it never asked for.
    const order = await s.rogue.market.sell({ ...offerOf('rogue', 5), document: rogueDocument(s) });
    const { terms } = await forged(s, {
      ask: order.id,
      seller: s.rogue.key,
      buyer: s.victim.key,
      asset: order.asset,
    });
    await s.rogue.trustchain.propose({
      peer: s.victim.key,
      type: TRADE_TYPE,
      tx: tradeProposalToTx(terms, new Uint8Array(32).fill(7)),
    });
    await world.environment.advance(70_000);
    const own = await s.victim.store.range(s.victim.key, 1, 1_000, 1_000);
    expect(own.filter((block) => block.core.type === TRADE_TYPE)).toEqual([]);
    expect(await s.victim.market.balance(s.victim.key, 'DUM1')).toEqual({
      available: 1000n,
      held: 0n,
      pending: 0n,
      earned: 0n,
    });
  });

  it('E8 M11 a stranger’s cancel does not touch the order', async () => {
    const s = await scene(75);
    const order = await s.victim.market.sell(offerOf('target', 5));
    await world.until(() => s.maker.market.openOrders().length === 1);
    const block = await s.rogue.trustchain.source({ type: CANCEL_TYPE, tx: cancelToTx(order.id) });
    await s.rogue.network.publish(ORDERS_TOPIC, block.bytes);
    await world.environment.advance(1_000);
    expect(s.maker.market.openOrders()).toHaveLength(1);
    expect(s.victim.market.orders()[0]!.status).toBe('open');
    expect(s.maker.market.evidence().map((entry) => entry.code)).toContain('ERR_ORDER_OWNER');
    await expect(s.rogue.market.cancel(order.id)).rejects.toMatchObject({ code: 'ERR_ORDER_OWNER' });
  });

  it('E8b an order in another trader’s name cannot be made: the key is the trader', async () => {
    const s = await scene(76);
    const order = await s.victim.market.sell(offerOf('target', 5));
    const block = (await s.victim.store.get(order.id))!;
    const changed = new Uint8Array(block.bytes);
    changed[changed.length - 1]! ^= 1;
    await s.rogue.network.publish(ORDERS_TOPIC, changed);
    await world.environment.advance(500);
    expect(s.maker.market.openOrders()).toHaveLength(1);
    expect(s.maker.market.evidence().length + s.victim.market.evidence().length).toBeGreaterThan(0);
  });

  it('M5 a buyer that proposes no witnesses is declined, whatever the rest says', async () => {
    const s = await scene(77);
    await s.victim.market.sell(offerOf('target', 5));
    await world.environment.advance(100);
    const { body } = await forged(s, { witnesses: [] });
    expect(decodeTradeReply(await ask(s.rogue, s.victim, TRADE_PROTOCOL, body))).toMatchObject({
      kind: 'decline',
      reason: 'witnesses',
    });
  });

  it('random and mutated messages on every protocol and topic give typed answers and never stop a node', async () => {
    const s = await scene(78);
    await s.victim.market.sell(offerOf('target', 50));
    await world.environment.advance(100);
    const { body } = await forged(s, {});
    const protocols = [TRADE_PROTOCOL, MATCH_PROTOCOL, CERTIFICATES_PROTOCOL, CURRENCY_PROTOCOL];
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
        const copy = new Uint8Array(body);
        copy[at]! ^= flip;
        return copy;
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...protocols, NOTARY_PROTOCOL), message, async (protocol, bytes) => {
        try {
          await ask(s.rogue, protocol === NOTARY_PROTOCOL ? s.maker : s.victim, protocol, bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_NETWORK_REMOTE' });
          expect((error as { details: { code?: string } }).details.code).not.toBe('ERR_INTERNAL');
        }
      }),
      { numRuns: 150 },
    );
    for (const topic of [ORDERS_TOPIC, HOLDS_TOPIC, NOTARY_PROOFS_TOPIC]) {
      for (let i = 0; i < 20; i++)
        await s.rogue.network.publish(topic, world.environment.randomBytes(1 + i * 7));
    }
    await world.environment.advance(1_000);
    expect(s.maker.market.openOrders().length).toBeGreaterThan(0);
    s.victim.settlement.add(documentOf('second'));
    await s.victim.market.sell(offerOf('second', 50));
    await world.environment.advance(200);
    expect(await s.maker.market.listings({})).toHaveLength(2);
  });
});

function rogueDocument({ rogue }: Scene) {
  const document = documentOf('rogue');
  rogue.settlement.add(document);
  return document;
}
