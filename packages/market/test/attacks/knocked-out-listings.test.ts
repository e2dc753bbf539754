import { type HalfBlock, virtualEnvironment } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { DUM1 } from '../../src/asset/currency.ts';
import { currencyRegister } from '../../src/asset/currency-register.ts';
import { price } from '../../src/asset/price.ts';
import { BID_TYPE, bidToTx, decodeOrder } from '../../src/blocks/order.ts';
import { lockKey, releaseToTx } from '../../src/blocks/release.ts';
import { holdToTx } from '../../src/blocks/spending.ts';
import { encodeTerms, type Terms } from '../../src/blocks/terms.ts';
import { RELEASE_TYPE } from '../../src/blocks/types.ts';
import { BookHolds } from '../../src/desk/order-holds.ts';
import { encodeHoldMessage, HOLDS_TOPIC } from '../../src/evidence/hold-messages.ts';
import { createLedger } from '../../src/ledger/create-ledger.ts';
import { askPeer } from '../../src/trade/ask-peer.ts';
import { crypto, documentOf } from '../support/documents.ts';
import { author, proposed, quorum, START, termsOf } from '../support/money.ts';
import { createWorld, DAY, type Node, type World } from '../support/world.ts';

const MINUTE = 60_000;
let world: World;
afterEach(async () => {
  await world?.stop();
});

/** A seller with an exclusive listing, somebody who looks at listings, and a free key with a plan. */
async function street(seed: number) {
  world = await createWorld(seed);
  const maker = await world.node('matchmaker', {}, true);
  const witnesses = { keys: maker.market.notaryKeys };
  const seller = await world.node('seller', { matchmaker: false, witnesses });
  const onlooker = await world.node('onlooker', { matchmaker: true, witnesses });
  const griefer = await world.node('griefer', { matchmaker: false, witnesses });
  await world.link(maker, seller, onlooker, griefer);
  const document = documentOf('June');
  const asset = seller.settlement.add(document);
  const order = await seller.market.sell({ document, price: price('DUM1', 10n), supply: 1, lifetimeMs: DAY });
  await world.environment.advance(2_000);
  return { maker, seller, onlooker, griefer, asset, ask: order };
}

/** Gets the seller's signed proposal without the intention to buy. */
async function proposal(seller: Node, griefer: Node, asset: string, witness: Terms['buyer']) {
  const now = world.environment.now();
  const [listing] = await seller.market.listings();
  const bidBlock = await griefer.trustchain.source({
    type: BID_TYPE,
    tx: bidToTx({ asset, price: price('DUM1', 10n), quantity: 1, expires: now + DAY }),
  });
  const bid = decodeOrder(bidBlock, crypto);
  const recipientKey = await griefer.settlement.createRecipientKey();
  const accept = now + MINUTE;
  const encoded = encodeTerms(
    {
      ask: listing!.order,
      bid: bid.id,
      seller: seller.key,
      buyer: griefer.key,
      asset,
      quantity: 1,
      price: price('DUM1', 10n),
      amount: 10n,
      deadlines: { accept, release: accept + 10 * MINUTE, complain: accept + 70 * MINUTE },
      suite: 'x-wing',
      recipient: crypto.sha256(recipientKey),
      witnesses: [witness],
      nonce: world.environment.randomBytes(16),
    },
    crypto,
  );
  const reply = await world.environment.run(
    askPeer(
      griefer.network,
      seller.key,
      { kind: 'propose', terms: encoded.bytes, recipientKey, bid: bidBlock.bytes },
      { timeoutMs: 30_000 },
    ),
  );
  if (reply.kind !== 'accept') throw new Error(JSON.stringify(reply));
  const { block } = await griefer.trustchain.receive(reply.proposal);
  return { block, terms: encoded.terms };
}

async function badHold(griefer: Node, block: HalfBlock, terms: Terms): Promise<HalfBlock> {
  // Number 1 of an account that has 1 000, with a balance out of nowhere.
  const money = {
    currency: 'DUM1',
    n: 1,
    prev: null,
    claims: [],
    pay: 10n,
    to: terms.seller,
    balance: 10n ** 9n,
  };
  const { release, complain } = terms.deadlines;
  return griefer.trustchain.agree(
    block.id,
    holdToTx(money, { release, complain, witnesses: terms.witnesses }),
    {
      push: false,
      history: 'none',
    },
  );
}

describe('a hold that its seller will never honour', () => {
  it('is told to everybody, and takes the listing from nobody for longer than until the witness says none', async () => {
    const { maker, seller, onlooker, griefer, asset } = await street(801);
    expect(await onlooker.market.listings()).toHaveLength(1);
    const { block, terms } = await proposal(seller, griefer, asset, maker.market.notaryKeys[0]!);
    const hold = await badHold(griefer, block, terms);
    await griefer.network.publish(
      HOLDS_TOPIC,
      encodeHoldMessage({ kind: 'hold', proposal: block.bytes, hold: hold.bytes, certificate: null }),
    );
    await world.environment.advance(1_000);
    expect(await onlooker.market.listings()).toHaveLength(0);
    await world.environment.advance(2 * MINUTE);
    expect(await onlooker.market.listings()).toHaveLength(1);
    // The money went back: that changes nothing, neither does the next key that does the same.
    await world.environment.advance(12 * MINUTE);
    const another = await world.node('another griefer', { matchmaker: false });
    await world.link(maker, seller, another);
    const next = await proposal(seller, another, asset, maker.market.notaryKeys[0]!);
    const second = await badHold(another, next.block, next.terms);
    const body = { kind: 'hold', proposal: next.block.bytes, hold: second.bytes, certificate: null } as const;
    await another.network.publish(HOLDS_TOPIC, encodeHoldMessage(body));
    for (let minute = 0; minute < 15; minute++) {
      await world.environment.advance(MINUTE);
      expect(await onlooker.market.listings()).toHaveLength(1);
    }
  });

  it('a listing that its seller really sold stays closed, also where nobody knows the buyer’s chain', async () => {
    const { seller, onlooker, griefer: buyer, asset } = await street(803);
    expect(await onlooker.market.listings()).toHaveLength(1);
    await buyer.market.buy({ asset, price: price('DUM1', 10n), lifetimeMs: 10 * MINUTE });
    await world.environment.advance(10_000);
    expect(seller.market.trades()[0]).toMatchObject({ role: 'seller', state: 'completed' });
    for (let minute = 0; minute < 15; minute++) {
      expect(await onlooker.market.listings()).toHaveLength(0);
      await world.environment.advance(MINUTE);
    }
  });
});

describe('holds that name a proposal', () => {
  /** What books hear of a ledger's changes. */
  function books() {
    const ledger = createLedger({ crypto, currencies: currencyRegister(), now: START });
    const taken: string[] = [];
    const returned: string[] = [];
    const listener = {
      holdTaken: ({ hold }: { readonly hold: string }) => taken.push(hold),
      holdReturned: (hold: string) => returned.push(hold),
    };
    const environment = virtualEnvironment({ start: START });
    const holds = new BookHolds({ self: author('onlooker').key, books: listener, environment });
    const tell = (changes: ReturnType<typeof ledger.applyBlock>) => {
      for (const change of changes) holds.onChange(change);
    };
    return { ledger, taken, returned, tell, holds, environment };
  }
  const witness = quorum('witness');

  it('are one to a book, however many its buyer signs', async () => {
    const { ledger, taken, tell } = books();
    const [seller, buyer] = [author('seller'), author('buyer')];
    const trade = await proposed(seller, buyer, DUM1, 10n, { witnesses: witness.keys });
    tell(ledger.applyBlock(trade.block));
    for (let i = 0; i < 5; i++) {
      const branch = buyer.fork();
      tell(ledger.applyBlock((await branch.hold(DUM1, trade, { time: START + i })).block));
    }
    expect(taken).toHaveLength(1);
    expect(taken[0]).toContain(trade.block.id.toString());
  });

  it('give nothing back when they are not its buyer’s', async () => {
    const { ledger, taken, returned, tell } = books();
    const [seller, buyer, stranger] = [author('seller'), author('buyer'), author('stranger')];
    const trade = await proposed(seller, buyer, DUM1, 10n, { witnesses: witness.keys });
    const mine = quorum('the stranger’s own');
    tell(ledger.applyBlock(trade.block));
    tell(ledger.applyBlock((await buyer.hold(DUM1, trade)).block));
    const terms = termsOf(seller, stranger, DUM1, 10n, { witnesses: mine.keys });
    const imitation = await stranger.hold(DUM1, { encoded: terms, block: trade.block });
    tell(ledger.applyBlock(imitation.block));
    tell(ledger.applyCertificate(await mine.certificate('none', imitation, null)));
    expect(ledger.hold(imitation.key)?.outcome?.kind).toBe('none');
    expect(taken).not.toHaveLength(0);
    expect(returned).toEqual([]);
  });

  it('take for good once the seller has released, and a release by somebody else is nothing', async () => {
    const { ledger, taken, returned, tell, holds, environment } = books();
    const [seller, buyer, stranger] = [author('seller'), author('buyer'), author('stranger')];
    const trade = await proposed(seller, buyer, DUM1, 10n, { witnesses: witness.keys });
    tell(ledger.applyBlock(trade.block));
    const hold = await buyer.hold(DUM1, trade);
    tell(ledger.applyBlock(hold.block));
    const name = trade.block.id.toString();
    const tx = releaseToTx({
      hold: hold.id,
      suite: 'x-wing',
      ...lockKey(new Uint8Array(48), new Uint8Array(32), hold.id, crypto),
    });
    const holdOf = (key: string) => ledger.hold(key);
    holds.onBlock(await stranger.sign(RELEASE_TYPE, tx, { peer: buyer.key }), holdOf);
    expect(taken).not.toContain(name);
    holds.onBlock(await seller.sign(RELEASE_TYPE, tx, { peer: buyer.key }), holdOf);
    expect(taken).toContain(name);
    const before = returned.length;
    await environment.advance(60 * MINUTE);
    expect(returned).toHaveLength(before);
    expect(returned).not.toContain(name);
  });
});
