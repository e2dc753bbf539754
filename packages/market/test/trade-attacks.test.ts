import type { PublicKey } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { CURRENCY_TYPE, currencyOfBlock, currencyToTx } from '../src/asset/currency.ts';
import { price } from '../src/asset/price.ts';
import { BID_TYPE, bidToTx, decodeOrder, type SignedOrder } from '../src/blocks/order.ts';
import { holdToTx, spendingOf } from '../src/blocks/spending.ts';
import { type EncodedTerms, encodeTerms, type Terms } from '../src/blocks/terms.ts';
import { RELEASE_TYPE, TRADE_TYPE } from '../src/blocks/types.ts';
import { hex } from '../src/codec/fields.ts';
import { encodeCertificate } from '../src/notary/certificate.ts';
import { askPeer } from '../src/trade/ask-peer.ts';
import type { TradeReply } from '../src/trade/messages.ts';
import { assetOf, crypto, documentOf } from './support/documents.ts';
import {
  DAY,
  DELTA,
  HOUR,
  MINUTE,
  stateOf,
  type Trader,
  TradingWorld,
  tradeOf,
} from './support/trading/world.ts';

let world: TradingWorld;
afterEach(async () => {
  await world.stop();
});

/** A world with one witness, a seller and what else is named, all connected. */
async function town(seed: number, ...names: readonly string[]): Promise<readonly Trader[]> {
  world = new TradingWorld(seed);
  await world.witness('witness');
  const traders: Trader[] = [];
  for (const name of ['seller', ...names]) traders.push(await world.trader(name));
  world.linkAll();
  await world.environment.advance(200);
  return traders;
}

const witnessKey = (at = 0): PublicKey => {
  const found = world.witnesses[at];
  if (found === undefined) throw new Error('no such witness');
  return found.witness.key;
};

async function rawBid(buyer: Trader, ask: SignedOrder, quantity = 1): Promise<SignedOrder> {
  const block = await buyer.chain.source({
    type: BID_TYPE,
    tx: bidToTx({
      asset: ask.asset,
      price: ask.price,
      quantity,
      expires: world.environment.now() + HOUR,
    }),
  });
  return decodeOrder(block, crypto);
}

interface Proposed {
  readonly encoded: EncodedTerms;
  readonly reply: TradeReply;
}

/** Sends terms as a buyer that keeps to no rule of its own. */
async function propose(
  seller: Trader,
  buyer: Trader,
  ask: SignedOrder,
  changes: Partial<Terms> = {},
  quantity = 1,
): Promise<Proposed> {
  const bid = await rawBid(buyer, ask, quantity);
  const recipientKey = await buyer.settlement.createRecipientKey();
  const accept = world.environment.now() + MINUTE;
  const encoded = encodeTerms(
    {
      ask: ask.id,
      bid: bid.id,
      seller: seller.key,
      buyer: buyer.key,
      asset: ask.asset,
      quantity,
      price: ask.price,
      amount: ask.price.amount * BigInt(quantity),
      deadlines: { accept, release: accept + 10 * MINUTE, complain: accept + 10 * MINUTE + HOUR },
      suite: 'test',
      recipient: crypto.sha256(recipientKey),
      witnesses: [witnessKey()],
      nonce: world.environment.randomBytes(16),
      ...changes,
    },
    crypto,
  );
  const request = { kind: 'propose', terms: encoded.bytes, recipientKey, bid: bid.block.bytes } as const;
  const reply = await world.environment.run(
    askPeer(buyer.network, seller.key, request, { timeoutMs: 30_000 }),
  );
  return { encoded, reply };
}

/** Signs the hold of an accepted proposal by hand. */
async function sign(
  buyer: Trader,
  { encoded, reply }: Proposed,
  n: number,
  before: bigint,
  prev: SignedOrder['id'] | null,
) {
  if (reply.kind !== 'accept') throw new Error(`not accepted: ${JSON.stringify(reply)}`);
  const { block } = await buyer.chain.receive(reply.proposal);
  const { amount, seller, deadlines, witnesses, price: unit } = encoded.terms;
  const money = {
    currency: unit.currency,
    n,
    prev,
    claims: [],
    pay: amount,
    to: seller,
    balance: before - amount,
  };
  const { release, complain } = deadlines;
  return buyer.chain.agree(block.id, holdToTx(money, { release, complain, witnesses }), {
    push: false,
    history: 'none',
  });
}

const show = (seller: Trader, buyer: Trader, hold: Uint8Array, certificate: Uint8Array | null = null) =>
  world.environment.run(
    askPeer(buyer.network, seller.key, { kind: 'hold', hold, certificate }, { timeoutMs: 40_000 }),
  );

describe('M5 witnesses', () => {
  it('M5 terms without witnesses are refused unless the ask and the seller both allow it', async () => {
    const [seller, buyer] = (await town(501, 'buyer')) as [Trader, Trader];
    const ask = await world.sell(seller, documentOf('June'));
    const { reply } = await propose(seller, buyer, ask, { witnesses: [] });
    expect(reply).toMatchObject({ kind: 'decline', reason: 'witnesses' });
    const bare = await world.sell(seller, documentOf('May'), { witnesses: [] });
    // The ask lists none, and the seller has not switched it on.
    expect((await propose(seller, buyer, bare, { witnesses: [] })).reply).toMatchObject({
      reason: 'witnesses',
    });
    expect(seller.trading.engine.all()).toEqual([]);
  });

  it('M5 with both sides switched on, the receipt pays, and silence gives the money back', async () => {
    world = new TradingWorld(502);
    const settings = { withoutWitnesses: true };
    const seller = await world.trader('seller', { settings });
    const buyer = await world.trader('buyer', { settings });
    world.linkAll();
    await world.environment.advance(200);
    const document = documentOf('June');
    await world.sell(seller, document, { witnesses: [] });
    await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed');
    expect(seller.ledger.balance(seller.key, 'DUM1').earned).toBe(10n);

    const other = documentOf('May');
    await world.sell(seller, other, { witnesses: [] });
    seller.settlement.cheat = 'never-release';
    await world.buy(buyer, assetOf(other));
    await world.until(() => stateOf(buyer) === 'returned', 3 * HOUR, 1_000);
    expect(tradeOf(buyer).failure?.code).toBe('ERR_TRADE_WITHDRAWN');
    await world.until(() => stateOf(seller) === 'failed', HOUR, 1_000);
  });

  it('M5 a witness that a party serves is refused by the other side, whoever lists it', async () => {
    const [seller, buyer] = (await town(503, 'buyer')) as [Trader, Trader];
    const own = await world.witness('silent', buyer);
    // Whom a node serves is asked again after half a minute.
    await world.environment.advance(MINUTE);
    // The witness runs on the buyer's node; the seller was talked into listing it.
    const ask = await world.sell(seller, documentOf('June'), { witnesses: [own.key] });
    expect((await propose(seller, buyer, ask, { witnesses: [own.key] })).reply).toMatchObject({
      kind: 'decline',
      reason: 'witnesses',
    });
    await world.buy(buyer, ask.asset);
    await world.environment.advance(1_000);
    expect(buyer.exhausted.at(-1)).toContain('ERR_TRADE_WITNESSES');
  });

  it('says what to add when the two sides share no witness', async () => {
    world = new TradingWorld(504);
    const witness = await world.witness('witness');
    const seller = await world.trader('seller');
    const buyer = await world.trader('buyer', { settings: { witnesses: [] } });
    world.linkAll();
    await world.environment.advance(200);
    const document = documentOf('June');
    await world.sell(seller, document);
    await world.buy(buyer, assetOf(document));
    await world.environment.advance(1_000);
    expect(buyer.exhausted.at(-1)).toContain(hex(witness.key).slice(0, 16));
    expect(buyer.trading.engine.all()).toEqual([]);
  });
});

describe('M9 an honest seller stays tradeable', () => {
  it('M9 33 bogus complaints do not matter to the next buyer', async () => {
    const [seller, third, ...cheats] = (await town(901, 'third', 'cheat', 'accomplice')) as Trader[];
    const [cheat, accomplice] = cheats;
    if (seller === undefined || third === undefined || cheat === undefined || accomplice === undefined) {
      throw new Error('somebody is missing');
    }
    const document = documentOf('June');
    await world.sell(seller, document, { amount: 1n, supply: 100 });
    for (const buyer of cheats) buyer.settlement.cheat = 'false-complaint';
    for (let i = 0; i < 33; i++) {
      const buyer = i < 32 ? cheat : accomplice;
      await world.buy(buyer, assetOf(document), { amount: 1n });
      await world.until(() => stateOf(buyer) === 'complaining' && tradeOf(buyer).unfounded, MINUTE, 20);
      await world.environment.advance(1_000);
    }
    await world.buy(third, assetOf(document), { amount: 1n });
    await world.until(() => stateOf(third) === 'completed', MINUTE);
    // The cheat itself is told the truth: its own open payments are too many.
    await world.buy(cheat, assetOf(document), { amount: 1n });
    await world.environment.advance(1_000);
    expect(tradeOf(cheat).failure?.reason).toContain('ERR_RISK_OBLIGATIONS');
  }, 60_000);

  it('M9 34 holds that are never settled do not matter to the next buyer', async () => {
    const [seller, third, ...idle] = (await town(
      902,
      'third',
      'a',
      'b',
      'c',
      'd',
      'e',
      'f',
      'g',
      'h',
      'i',
    )) as Trader[];
    if (seller === undefined || third === undefined) throw new Error('no seller');
    const document = documentOf('June');
    const ask = await world.sell(seller, document, { amount: 1n, supply: 100 });
    let holds = 0;
    for (const buyer of idle) {
      let prev = null;
      for (let n = 1; n <= 4 && holds < 34; n++) {
        const hold: Awaited<ReturnType<typeof sign>> = await sign(
          buyer,
          await propose(seller, buyer, ask),
          n,
          1_001n - BigInt(n),
          prev,
        );
        prev = hold.id;
        holds += 1;
      }
      await world.crash(buyer);
    }
    expect(holds).toBe(34);
    await world.buy(third, assetOf(document), { amount: 1n });
    await world.until(() => stateOf(third) === 'completed', MINUTE);
  }, 60_000);
});

describe('M12 only a hold reserves', () => {
  it('M12 proposals reserve nothing: five exclusive listings stay for sale, and are limited per buyer', async () => {
    const [seller, griefer, honest] = (await town(1201, 'griefer', 'honest')) as [Trader, Trader, Trader];
    const asks: SignedOrder[] = [];
    for (let i = 0; i < 5; i++)
      asks.push(await world.sell(seller, documentOf(`month ${i}`), { amount: 1_000n }));
    const replies: TradeReply[] = [];
    for (const ask of asks) replies.push((await propose(seller, griefer, ask)).reply);
    expect(replies.map(({ kind }) => kind)).toEqual(['accept', 'accept', 'accept', 'accept', 'decline']);
    expect(replies.at(-1)).toMatchObject({ reason: 'busy' });
    for (const ask of asks) expect(seller.trading.left(ask.key)).toBe(1);
    await world.buy(honest, asks[0]?.asset ?? '', { amount: 1_000n });
    await world.until(() => stateOf(honest) === 'completed', MINUTE);
    // Offers end by themselves: a minute later the griefer may ask again.
    await world.environment.advance(2 * MINUTE);
    const again = asks[1];
    if (again !== undefined) expect((await propose(seller, griefer, again)).reply.kind).toBe('accept');
  });

  it('M12 free keys that ask for the longest offers keep nobody out for longer than a minute', async () => {
    world = new TradingWorld(1204);
    await world.witness('witness');
    const seller = await world.trader('seller', { limits: { perBuyer: 2, all: 4 } });
    const griefers = [await world.trader('griefer 1'), await world.trader('griefer 2')];
    const honest = await world.trader('honest');
    world.linkAll();
    await world.environment.advance(200);
    const ask = await world.sell(seller, documentOf('June'), { supply: 9 });
    const accept = world.environment.now() + 5 * HOUR;
    const deadlines = { accept, release: accept + HOUR / 2, complain: accept + 2 * HOUR };
    for (const griefer of [...griefers, ...griefers]) {
      expect((await propose(seller, griefer, ask, { deadlines })).reply.kind).toBe('accept');
    }
    await world.buy(honest, ask.asset);
    await world.until(() => stateOf(honest) === 'completed', 2 * MINUTE);
    expect((await propose(seller, griefers[0]!, ask)).reply).toMatchObject({
      kind: 'decline',
      reason: 'busy',
    });
  });

  it('M12 a cancelled ask takes no hold, and 200 proposals leave a bounded trace', async () => {
    world = new TradingWorld(1202);
    await world.witness('witness');
    const seller = await world.trader('seller', { limits: { perBuyer: 1_000, all: 1_000, remembered: 20 } });
    const buyer = await world.trader('buyer');
    world.linkAll();
    await world.environment.advance(200);
    const ask = await world.sell(seller, documentOf('June'), { supply: 500, amount: 1n });
    let first: Proposed | undefined;
    for (let i = 0; i < 60; i++) {
      const proposed = await propose(seller, buyer, ask);
      if (proposed.reply.kind === 'accept') first = proposed;
      await world.environment.advance(500);
    }
    const offered = seller.trading.engine.all().filter(({ state }) => state === 'offered');
    expect(offered.length).toBeLessThanOrEqual(20);
    expect(seller.trading.left(ask.key)).toBe(500);
    const own = seller.orders.get(ask.key);
    if (own !== undefined) own.cancelled = true;
    if (first === undefined) throw new Error('nothing was accepted');
    const hold = await sign(buyer, first, 1, 1_000n, null);
    expect(await show(seller, buyer, hold.bytes)).toMatchObject({ kind: 'decline', reason: 'taken' });
    expect((await propose(seller, buyer, ask)).reply).toMatchObject({ kind: 'decline', reason: 'closed' });
  }, 60_000);

  it('the same terms get the same answer, also after a restart', async () => {
    const [seller, buyer] = (await town(1203, 'buyer')) as [Trader, Trader];
    const ask = await world.sell(seller, documentOf('June'));
    const { encoded, reply } = await propose(seller, buyer, ask);
    expect(reply.kind).toBe('accept');
    const trade = seller.trading.engine.get(encoded.id);
    if (trade === undefined) throw new Error('no offer');
    const bid = (await seller.blocks.get(encoded.terms.bid))?.bytes;
    if (bid === undefined) throw new Error('no bid');
    const request = { kind: 'propose', terms: encoded.bytes, recipientKey: trade.recipientKey, bid } as const;
    const again = () =>
      world.environment.run(askPeer(buyer.network, seller.key, request, { timeoutMs: 9_000 }));
    expect(await again()).toEqual(reply);
    await world.crash(seller);
    await world.restart(seller);
    expect(await again()).toEqual(reply);
    expect(await seller.blocks.byType(TRADE_TYPE, { author: seller.key, limit: 9 })).toHaveLength(1);
    expect(seller.settlement.calls.get('seal')).toBe(1);
  });
});

describe('H6 what a seller acts on', () => {
  it('H6 a payee across a gap: a hold whose payer keeps an earlier payment back gets no key', async () => {
    const [seller, other, cheat] = (await town(601, 'other', 'cheat')) as [Trader, Trader, Trader];
    const here = await world.sell(seller, documentOf('June'), { amount: 1_000n });
    const there = await world.sell(other, documentOf('May'), { amount: 1_000n });
    const first = await propose(seller, cheat, here);
    const second = await propose(other, cheat, there);
    world.networks.partition(
      [other.key],
      [seller.key, cheat.key, ...world.witnesses.map(({ network }) => network.self)],
    );
    // Number 1 goes to `other`, which nobody here sees; number 2 pays the same money again, with a made-up balance.
    const hidden = await sign(cheat, second, 1, 1_000n, null);
    const hold = await sign(cheat, first, 2, 1_000n, hidden.id);
    await cheat.chain.stop();
    const reply = await show(seller, cheat, hold.bytes);
    expect(reply).toMatchObject({ kind: 'decline', reason: 'history' });
    await world.environment.advance(20 * MINUTE);
    expect(await seller.blocks.byType(RELEASE_TYPE, { author: seller.key, limit: 9 })).toEqual([]);
    expect(seller.settlement.calls.get('release')).toBeUndefined();
  });

  it('M4 in issued money a hold without a quorum’s certificate gets no key, one with it does', async () => {
    const [seller, buyer] = (await town(602, 'buyer')) as [Trader, Trader];
    const opened = await buyer.chain.source({
      type: CURRENCY_TYPE,
      tx: currencyToTx({ label: 'SUN', precision: 2, notaries: [witnessKey()] }),
    });
    const currency = currencyOfBlock(opened);
    await world.environment.advance(1_000);
    const document = documentOf('June');
    const ask = await world.sell(seller, document, { currency: currency.id, witnesses: [], supply: 2 });
    const proposed = await propose(seller, buyer, ask, { witnesses: null, price: price(currency.id, 10n) });
    const hold = await sign(buyer, proposed, 1, 0n, null);
    expect(await show(seller, buyer, hold.bytes)).toMatchObject({ kind: 'decline', reason: 'certificate' });
    // A certificate under another key is none.
    const forged = encodeCertificate({
      kind: 'spend',
      currency: currency.block.id,
      subject: hold.id,
      extra: null,
      shares: [{ index: 0, signature: new Uint8Array(64).fill(7) }],
    });
    expect(await show(seller, buyer, hold.bytes, forged)).toMatchObject({
      kind: 'decline',
      reason: 'certificate',
    });
    expect(seller.settlement.calls.get('release')).toBeUndefined();
    expect(stateOf(seller)).toBe('offered');
    const spending = spendingOf(hold);
    if (spending === undefined) throw new Error('no payment');
    const certificate = await world.environment.run(buyer.client.certify(spending));
    expect(await show(seller, buyer, hold.bytes, encodeCertificate(certificate))).toMatchObject({
      kind: 'released',
    });
  });

  it('a whole trade in issued money: certified, acknowledged by the notary, received', async () => {
    const [seller, buyer] = (await town(603, 'buyer')) as [Trader, Trader];
    const opened = await buyer.chain.source({
      type: CURRENCY_TYPE,
      tx: currencyToTx({ label: 'SUN', precision: 2, notaries: [witnessKey()] }),
    });
    const currency = currencyOfBlock(opened);
    const document = documentOf('June');
    await world.sell(seller, document, { currency: currency.id, witnesses: [] });
    await world.buy(buyer, assetOf(document), { currency: currency.id });
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed');
    expect(tradeOf(buyer).certificate?.kind).toBe('spend');
    expect(seller.learned.map(({ kind }) => kind)).toEqual(['spend', 'ack']);
    expect(tradeOf(seller).acks?.kind).toBe('ack');
  });

  it('H10 a trade with the lone notary of its currency is refused unless switched on', async () => {
    for (const loneNotaryParty of [false, true]) {
      world = new TradingWorld(604);
      const seller = await world.trader('seller', { settings: { loneNotaryParty } });
      const buyer = await world.trader('buyer', { settings: { loneNotaryParty } });
      const own = await world.witness('own', buyer);
      world.linkAll();
      await world.environment.advance(200);
      const opened = await buyer.chain.source({
        type: CURRENCY_TYPE,
        tx: currencyToTx({ label: 'SUN', precision: 2, notaries: [own.key] }),
      });
      const currency = currencyOfBlock(opened);
      await world.environment.advance(MINUTE);
      const document = documentOf('June');
      const ask = await world.sell(seller, document, { currency: currency.id, witnesses: [] });
      const proposed = await propose(seller, buyer, ask, { witnesses: null });
      expect(proposed.reply).toMatchObject(
        loneNotaryParty ? { kind: 'accept' } : { kind: 'decline', reason: 'witnesses' },
      );
      if (!loneNotaryParty) {
        await world.buy(buyer, assetOf(document), { currency: currency.id });
        await world.environment.advance(500);
        expect(buyer.exhausted.at(-1)).toContain('ERR_TRADE_WITNESSES');
        await world.stop();
      }
    }
  });
});

describe('M18 and M23', () => {
  it('M18 an application’s listener that throws does not stop a trade', async () => {
    const [seller, buyer] = (await town(1801, 'buyer')) as [Trader, Trader];
    for (const { trading } of [seller, buyer]) {
      trading.engine.on(() => {
        throw new Error('bug in an app');
      });
      trading.engine.on((async () => {
        throw new Error('bug in an async app');
      }) as () => void);
    }
    const document = documentOf('June');
    await world.sell(seller, document);
    await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed');
    expect(seller.problems.length).toBeGreaterThan(0);
  });

  it('M23 a proposal whose signing fails leaves nothing behind, and the same terms work again', async () => {
    const [seller, buyer] = (await town(2301, 'buyer')) as [Trader, Trader];
    const ask = await world.sell(seller, documentOf('June'));
    seller.settlement.cheat = 'never-seal';
    const bound = { deadlines: phases(2_000, 10 * MINUTE, HOUR) };
    const { reply } = await propose(seller, buyer, ask, bound);
    expect(reply).toMatchObject({ kind: 'decline', reason: 'data' });
    expect(seller.trading.left(ask.key)).toBe(1);
    expect(seller.trading.engine.all()).toEqual([]);
    seller.settlement.cheat = 'none';
    expect((await propose(seller, buyer, ask)).reply.kind).toBe('accept');
  });

  it('M23 ciphertext that was sealed for an offer which never came to be is erased', async () => {
    const [seller, buyer] = (await town(2302, 'buyer')) as [Trader, Trader];
    const ask = await world.sell(seller, documentOf('June'));
    const { seal } = seller.settlement;
    seller.settlement.seal = async (...args) => {
      const delivery = await seal(...args);
      const own = seller.orders.get(ask.key);
      if (own !== undefined) own.cancelled = true;
      return delivery;
    };
    expect((await propose(seller, buyer, ask)).reply).toMatchObject({ kind: 'decline', reason: 'closed' });
    expect(seller.settlement.calls.get('erase')).toBe(1);
    expect(await seller.blocks.byType(TRADE_TYPE, { author: seller.key, limit: 9 })).toEqual([]);
  });
});

const phases = (accept: number, release: number, complain: number): Terms['deadlines'] => {
  const now = world.environment.now();
  return {
    accept: now + accept,
    release: now + accept + release,
    complain: now + accept + release + complain,
  };
};

describe('what a seller refuses', () => {
  it('says the true reason, typed, and offers what it can', async () => {
    const [seller, buyer] = (await town(700, 'buyer')) as [Trader, Trader];
    const ask = await world.sell(seller, documentOf('June'), { supply: 3 });
    const reasonOf = async (changes: Partial<Terms>, quantity = 1): Promise<unknown> => {
      const { reply } = await propose(seller, buyer, ask, changes, quantity);
      return reply.kind === 'decline' ? reply.reason : reply.kind;
    };
    expect(await reasonOf({ price: price('DUM1', 9n), amount: 9n })).toBe('price');
    expect(await reasonOf({ suite: 'other' })).toBe('terms');
    expect(await reasonOf({ deadlines: phases(MINUTE, 2 * DELTA, HOUR) })).toBe('deadlines');
    expect(await reasonOf({ deadlines: phases(MINUTE, 2 * HOUR, HOUR) })).toBe('deadlines');
    expect(await reasonOf({ deadlines: phases(DAY, HOUR, HOUR) })).toBe('deadlines');
    expect(await reasonOf({ deadlines: phases(MINUTE, 10 * MINUTE, 40 * DAY) })).toBe('deadlines');
    expect(await reasonOf({ ask: ask.block.core.prev ?? (await rawBid(buyer, ask)).id })).toBe('unknown');
    expect(await reasonOf({ witnesses: [world.signer('stranger').publicKey] })).toBe('witnesses');
    expect(await reasonOf({ recipient: new Uint8Array(32) })).toBe('terms');
    expect((await propose(seller, buyer, ask, {}, 5)).reply).toMatchObject({
      kind: 'decline',
      reason: 'taken',
      offer: { quantity: 3 },
    });
    const dear = await world.sell(seller, documentOf('May'), { amount: 2_000n });
    expect((await propose(seller, buyer, dear)).reply).toMatchObject({ kind: 'decline', reason: 'funds' });
    const stranger = await propose(seller, buyer, ask, { buyer: world.signer('stranger').publicKey });
    expect(stranger.reply).toMatchObject({ kind: 'decline', reason: 'terms' });
    expect(seller.trading.engine.all()).toEqual([]);
  });

  it('bounds what one peer may ask', async () => {
    world = new TradingWorld(701);
    await world.witness('witness');
    const seller = await world.trader('seller', { policy: { requestRate: { burst: 3, perSecond: 1 } } });
    const buyer = await world.trader('buyer');
    world.linkAll();
    await world.environment.advance(200);
    const ask = await world.sell(seller, documentOf('June'), { supply: 9 });
    const replies: TradeReply[] = [];
    for (let i = 0; i < 4; i++) replies.push((await propose(seller, buyer, ask)).reply);
    expect(replies.at(-1)).toMatchObject({ kind: 'decline', reason: 'busy' });
    await world.environment.advance(5_000);
    expect((await propose(seller, buyer, ask)).reply.kind).toBe('accept');
  });

  it('M24 RESTRICT(1) allows one open payment, and refuses the second with its reason', async () => {
    world = new TradingWorld(2401);
    await world.witness('witness');
    const seller = await world.trader('seller', { policy: { maxOpenObligations: 1 } });
    const buyer = await world.trader('buyer');
    world.linkAll();
    await world.environment.advance(200);
    const ask = await world.sell(seller, documentOf('June'), { supply: 9 });
    const proposed = await propose(seller, buyer, ask);
    const hold = await sign(buyer, proposed, 1, 1_000n, null);
    expect(await show(seller, buyer, hold.bytes)).toMatchObject({ kind: 'released' });
    expect((await propose(seller, buyer, ask)).reply).toMatchObject({ kind: 'decline', reason: 'risk' });
    await world.environment.advance(2 * HOUR);
    // The window is over, with or without a word of the buyer: it is nobody's obligation any more.
    expect((await propose(seller, buyer, ask)).reply.kind).toBe('accept');
  });

  it('refuses proven cheats, before anything is sealed', async () => {
    const [seller, cheat] = (await town(702, 'cheat')) as [Trader, Trader];
    const ask = await world.sell(seller, documentOf('June'));
    seller.chain.isFraudulent = async () => true;
    expect((await propose(seller, cheat, ask)).reply).toMatchObject({ kind: 'decline', reason: 'fraud' });
    expect(seller.settlement.calls.get('seal')).toBeUndefined();
  });
});
