import { EdmpError, publicKeyToHex, singleFrame } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { RELEASE_TYPE } from '../src/blocks/types.ts';
import { MarketError } from '../src/errors.ts';
import { decodeTradeReply, encodeTradeRequest, TRADE_PROTOCOL } from '../src/trade/messages.ts';
import { assetOf, documentOf } from './support/documents.ts';
import { DELTA, HOUR, MINUTE, stateOf, type Trader, TradingWorld, tradeOf } from './support/trading/world.ts';

let world: TradingWorld;
afterEach(async () => {
  await world.stop();
});

async function pair(seed: number, amount = 10n): Promise<{ seller: Trader; buyer: Trader; asset: string }> {
  world = new TradingWorld(seed);
  await world.witness('witness');
  const seller = await world.trader('seller');
  const buyer = await world.trader('buyer');
  world.linkAll();
  await world.environment.advance(200);
  const document = documentOf('June');
  await world.sell(seller, document, { amount });
  return { seller, buyer, asset: assetOf(document) };
}

const witnessNodes = (): readonly TradingWorld['witnesses'][number]['network']['self'][] =>
  world.witnesses.map(({ network }) => network.self);

describe('faults aimed at single states', () => {
  it('M6 a buyer that is cut off until after the windows pays, and gets its data from the witness', async () => {
    const { seller, buyer, asset } = await pair(61);
    await world.buy(buyer, asset);
    await world.until(() => seller.states.includes('releasing'), MINUTE, 1);
    world.networks.partition([seller.key, ...witnessNodes()], [buyer.key]);
    await world.until(() => stateOf(seller) === 'acknowledged' || stateOf(seller) === 'waiting', MINUTE);
    expect(tradeOf(buyer).release).toBeNull();
    await world.environment.advance(90 * MINUTE);
    expect(stateOf(seller)).toBe('completed');
    expect(stateOf(buyer)).toBe('held');
    world.networks.heal();
    world.linkAll();
    await world.until(() => stateOf(buyer) === 'completed', HOUR);
    expect(tradeOf(buyer).receipt).not.toBeNull();
    expect(seller.ledger.balance(seller.key, 'DUM1').earned).toBe(10n);
  });

  it('M6 a buyer that is cut off before the seller has its hold gets its money back, not the data', async () => {
    const { seller, buyer, asset } = await pair(62);
    await world.buy(buyer, asset);
    await world.until(() => buyer.states.includes('fetching'), MINUTE, 1);
    world.networks.partition([seller.key, ...witnessNodes()], [buyer.key]);
    await world.until(() => stateOf(buyer) === 'held', MINUTE);
    await world.environment.advance(15 * MINUTE);
    expect(stateOf(seller)).toBe('failed');
    expect(tradeOf(seller).failure?.code).toBe('ERR_TRADE_SILENT');
    expect(stateOf(buyer)).toBe('held');
    world.networks.heal();
    world.linkAll();
    await world.until(() => stateOf(buyer) === 'returned', HOUR);
    expect(buyer.ledger.balance(buyer.key, 'DUM1').available).toBe(1_000n);
    expect(tradeOf(buyer).failure?.code).toBe('ERR_TRADE_WITHDRAWN');
  });

  it('M7 the witness gone before the release and the buyer gone after: both end when they are back', async () => {
    const { seller, buyer, asset } = await pair(71);
    await world.buy(buyer, asset);
    await world.until(() => buyer.states.includes('held'), MINUTE, 1);
    world.networks.partition([seller.key, buyer.key], witnessNodes());
    await world.until(() => tradeOf(seller).release !== null, MINUTE, 1);
    await world.crash(buyer);
    await world.environment.advance(24 * HOUR);
    expect(stateOf(seller)).toBe('undecided');
    world.networks.heal();
    world.linkAll();
    await world.until(() => stateOf(seller) === 'lost', HOUR, 1_000);
    await world.restart(buyer);
    await world.until(() => stateOf(buyer) === 'returned', HOUR, 1_000);
    expect(buyer.ledger.balance(buyer.key, 'DUM1').available).toBe(1_000n);
    expect(seller.ledger.balance(seller.key, 'DUM1').earned).toBe(0n);
  });

  it('M7 the witness comes back in time: the seller’s request was repeated, and it is paid without the buyer', async () => {
    const { seller, buyer, asset } = await pair(72);
    await world.buy(buyer, asset);
    await world.until(() => buyer.states.includes('held'), MINUTE, 1);
    world.networks.partition([seller.key, buyer.key], witnessNodes());
    await world.until(() => tradeOf(seller).release !== null, MINUTE, 1);
    await world.crash(buyer);
    await world.environment.advance(3 * MINUTE);
    world.networks.heal();
    world.linkAll();
    await world.until(() => stateOf(seller) === 'acknowledged', 5 * MINUTE, 100);
    await world.environment.advance(2 * HOUR);
    expect(stateOf(seller)).toBe('completed');
    await world.restart(buyer);
    await world.until(() => stateOf(buyer) === 'completed', HOUR, 1_000);
  });

  it('a seller that dies after the release leaves the key with the witness', async () => {
    const { seller, buyer, asset } = await pair(73);
    await world.buy(buyer, asset);
    await world.until(() => (world.witnesses[0]?.notary.kept().releases ?? 0) > 0, MINUTE, 1);
    expect(tradeOf(buyer).release).toBeNull();
    await world.crash(seller);
    await world.until(() => stateOf(buyer) === 'completed', HOUR, 1_000);
    await world.restart(seller);
    await world.until(() => stateOf(seller) === 'completed', 3 * HOUR, 1_000);
  });

  it('a seller that never answers costs the buyer nothing', async () => {
    const { seller, buyer, asset } = await pair(74);
    world.networks.partition([seller.key, ...witnessNodes()], [buyer.key]);
    await world.buy(buyer, asset);
    await world.environment.advance(10 * MINUTE);
    expect(stateOf(buyer)).toBe('failed');
    expect(tradeOf(buyer).failure?.code).toBe('ERR_TRADE_SILENT');
    expect(buyer.exhausted.at(-1)).toContain('ERR_TRADE_SILENT');
    expect(buyer.ledger.balance(buyer.key, 'DUM1')).toMatchObject({ available: 1_000n, held: 0n });
    expect(stateOf(seller)).toBeUndefined();
  });
});

describe('a disk that is full for a moment', () => {
  // Found by simulation, seed 20043: money was held for a deal that its buyer forgot at its next start.
  it('holds no money for a deal that is not written down', async () => {
    const { asset } = await pair(86);
    let failing = false;
    const buyer = await world.trader('careful', {
      records: (real) => ({
        ...real,
        setMany: async (changes) => {
          if (failing) throw new EdmpError('ERR_STORE_FULL', 'The disk is full', { retryable: true });
          await real.setMany(changes);
        },
      }),
    });
    world.linkAll();
    await world.environment.advance(200);
    await world.buy(buyer, asset);
    await world.until(() => buyer.states.includes('proposing'), MINUTE, 1);
    failing = true;
    await world.until(() => buyer.states.includes('fetching'), MINUTE, 1);
    await world.environment.advance(2_000);
    expect(tradeOf(buyer).hold).toBeNull();
    failing = false;
    await world.until(() => ['completed', 'failed'].includes(stateOf(buyer) ?? ''), 5 * MINUTE, 100);
    expect(buyer.ledger.balance(buyer.key, 'DUM1').held).toBe(0n);
  });
});

describe('a disk that is full for one write', () => {
  // The same fault as it was found: one write is lost, nothing else goes wrong, and the process dies with money held.
  it.each([1, 2, 3, 4])(
    'number %i of a purchase, and a crash when money is held: the deal is known again',
    async (lost) => {
      const { seller, asset } = await pair(870 + lost);
      let writes = 0;
      let failed = false;
      const buyer = await world.trader('careful', {
        records: (real) => ({
          ...real,
          setMany: async (changes) => {
            if (changes.some(([key]) => key.startsWith('market/trade/')) && ++writes === lost) {
              failed = true;
              throw new EdmpError('ERR_STORE_FULL', 'The disk is full', { retryable: true });
            }
            await real.setMany(changes);
          },
        }),
      });
      world.linkAll();
      await world.environment.advance(200);
      await world.buy(buyer, asset);
      // The seller's key is kept back, so that the crash finds the money held.
      seller.settlement.cheat = 'never-release';
      await world.until(() => tradeOf(buyer)?.hold !== null, MINUTE, 1);
      const held = tradeOf(buyer).hold?.key;
      await world.crash(buyer);
      await world.restart(buyer);
      await world.until(() => buyer.trading.engine.all().length > 0, MINUTE, 10);
      expect(tradeOf(buyer).hold?.key ?? held).toBe(held);
      await world.until(() => ['returned', 'completed'].includes(stateOf(buyer) ?? ''), 3 * HOUR, 1_000);
      expect(buyer.ledger.balance(buyer.key, 'DUM1').held).toBe(0n);
      expect(lost > 1 || failed).toBe(true);
    },
  );
});

describe('a release that no witness acknowledged', () => {
  // Found by simulation, seed 1110: past its deadlines the seller handed the key out, and the money went back.
  it('is handed to nobody when the deadlines are over: the money goes back, and the key stays', async () => {
    const { seller, buyer, asset } = await pair(85);
    await world.buy(buyer, asset);
    await world.until(() => buyer.states.includes('held'), MINUTE, 1);
    world.networks.partition([seller.key, buyer.key], witnessNodes());
    await world.until(() => stateOf(seller) === 'undecided', HOUR, 1_000);
    const { hold, acks, release } = tradeOf(seller);
    expect({ acks, hasRelease: release !== null }).toEqual({ acks: null, hasRelease: true });
    const shown = encodeTradeRequest({ kind: 'hold', hold: hold!.block.bytes, certificate: null });
    const answering = singleFrame(buyer.network.request(seller.key, TRADE_PROTOCOL, shown));
    expect(decodeTradeReply(await world.environment.run(answering)).kind).toBe('wait');
    world.networks.heal();
    world.linkAll();
    await world.until(() => stateOf(buyer) === 'returned' && stateOf(seller) === 'lost', 3 * HOUR, 1_000);
    expect(tradeOf(buyer).release).toBeNull();
  });
});

describe('complaints', () => {
  it('a wrong key comes back as a refund, judged at once', async () => {
    const { seller, buyer, asset } = await pair(81);
    seller.settlement.cheat = 'wrong-key';
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'returned' && stateOf(seller) === 'waiting', 5 * MINUTE);
    expect(tradeOf(buyer).failure?.code).toBe('ERR_TRADE_COMPLAINT');
    expect(buyer.ledger.balance(buyer.key, 'DUM1').available).toBe(1_000n);
    await world.until(() => stateOf(seller) === 'lost', 3 * HOUR, 10_000);
    expect(tradeOf(seller).failure?.code).toBe('ERR_TRADE_COMPLAINT');
  });

  it('M8 a complaint that names an invented proof is nothing: the seller is paid when the window is over', async () => {
    const { seller, buyer, asset } = await pair(82);
    buyer.settlement.cheat = 'false-complaint';
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'complaining' && tradeOf(buyer).unfounded, 5 * MINUTE);
    expect(seller.ledger.balance(seller.key, 'DUM1').earned).toBe(0n);
    await world.until(() => stateOf(seller) === 'completed' && stateOf(buyer) === 'lost', 3 * HOUR, 10_000);
    expect(seller.ledger.balance(seller.key, 'DUM1').earned).toBe(10n);
    expect(tradeOf(buyer).failure?.code).toBe('ERR_TRADE_LOST');
  });

  it('M8 ciphertext that is not what was offered is told as such, and nothing is held', async () => {
    const { seller, buyer, asset } = await pair(83);
    seller.settlement.cheat = 'wrong-delivery';
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'failed', 5 * MINUTE);
    expect(tradeOf(buyer).failure?.code).toBe('ERR_TRADE_DELIVERY');
    expect(buyer.ledger.balance(buyer.key, 'DUM1').held).toBe(0n);
  });
});

describe('time', () => {
  it('a hold that reaches the seller within 2Δ of the release deadline is ignored and comes back', async () => {
    const { seller, buyer, asset } = await pair(91);
    await world.buy(buyer, asset);
    await world.until(() => buyer.states.includes('fetching'), MINUTE, 1);
    world.networks.cut(seller.key, buyer.key);
    await world.until(() => stateOf(buyer) === 'held', MINUTE);
    const { release } = tradeOf(buyer).encoded.terms.deadlines;
    await world.environment.advance(release - 2 * DELTA - world.environment.now() + 5);
    world.networks.heal();
    world.linkAll();
    await world.until(() => stateOf(buyer) === 'returned', HOUR, 100);
    expect(stateOf(seller)).toBe('failed');
    expect(await seller.blocks.byType(RELEASE_TYPE, { author: seller.key, limit: 9 })).toEqual([]);
  });

  it('a hold that comes after the accept deadline and early enough is still delivered', async () => {
    const { seller, buyer, asset } = await pair(92);
    await world.buy(buyer, asset);
    await world.until(() => buyer.states.includes('fetching'), MINUTE, 1);
    world.networks.cut(seller.key, buyer.key);
    await world.until(() => stateOf(buyer) === 'held', MINUTE);
    await world.environment.advance(3 * MINUTE);
    expect(stateOf(seller)).toBe('offered');
    world.networks.heal();
    world.linkAll();
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed', MINUTE);
  });

  it('two buyers of one exclusive licence: the first hold takes it, the other comes back', async () => {
    world = new TradingWorld(93);
    await world.witness('witness');
    const seller = await world.trader('seller');
    const first = await world.trader('first');
    const second = await world.trader('second');
    world.linkAll();
    await world.environment.advance(200);
    const document = documentOf('June');
    const ask = await world.sell(seller, document);
    await Promise.all([first, second].map((buyer) => world.buy(buyer, assetOf(document))));
    await world.until(
      () =>
        [first, second].every((buyer) => ['completed', 'returned', 'failed'].includes(stateOf(buyer) ?? '')),
      HOUR,
      100,
    );
    const ends = [first, second].map((buyer) => stateOf(buyer));
    expect(ends.filter((state) => state === 'completed')).toHaveLength(1);
    expect(seller.trading.left(ask.key)).toBe(0);
    const loser = ends[0] === 'completed' ? second : first;
    expect(loser.ledger.balance(loser.key, 'DUM1').available).toBe(1_000n);
    const releases = await seller.blocks.byType(RELEASE_TYPE, { author: seller.key, limit: 9 });
    expect(releases).toHaveLength(1);
  });

  it('H6 a payee across a gap: the seller releases only when it holds the payer’s whole chain', async () => {
    const { seller, buyer, asset } = await pair(94);
    // Two payments that the seller never saw, spent before this one.
    const other = await world.trader('other');
    world.networks.link(other.key, buyer.key);
    for (const { network } of world.witnesses) world.networks.link(other.key, network.self);
    await world.environment.advance(200);
    const elsewhere = documentOf('May');
    await world.sell(other, elsewhere, { amount: 995n });
    await world.buy(buyer, assetOf(elsewhere), { amount: 995n });
    await world.until(() => stateOf(buyer) === 'completed', MINUTE);
    const holds = [...seller.ledger.holdsOf(buyer.key)];
    await world.buy(buyer, asset);
    await world.environment.advance(MINUTE);
    // 5 are left: the buyer's own wallet refuses, and the seller, which asked for the whole chain, would too.
    expect(stateOf(buyer)).toBe('failed');
    expect(['ERR_TRADE_DECLINED', 'ERR_WALLET_INSUFFICIENT']).toContain(tradeOf(buyer).failure?.code);
    expect(holds.every((hold) => publicKeyToHex(hold.seller) !== publicKeyToHex(seller.key))).toBe(true);
  });
});

describe('what went wrong is told as it was', () => {
  it('a payment that was signed is never forgotten, whatever the wallet says afterwards', async () => {
    world = new TradingWorld(95);
    await world.witness('witness');
    const seller = await world.trader('seller');
    const buyer = await world.trader('buyer', {
      wallet: (real) => ({
        ...real,
        spend: async (...args) => {
          await real.spend(...args);
          throw new MarketError('ERR_MONEY_CLAIM', 'a wallet that fails after it signed');
        },
      }),
    });
    world.linkAll();
    await world.environment.advance(200);
    const document = documentOf('June');
    await world.sell(seller, document);
    await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed', MINUTE);
    expect(buyer.states.filter((state) => state === 'certifying')).toHaveLength(1);
  });

  it('M9 a deadline that passes names what was in the way', async () => {
    const { buyer, asset } = await pair(96);
    buyer.settlement.receive = async () => {
      throw new EdmpError('ERR_CONTENT_UNAVAILABLE', 'the seller’s content store is full', {
        retryable: true,
      });
    };
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'failed', 5 * MINUTE);
    expect(tradeOf(buyer).failure).toMatchObject({
      code: 'ERR_TRADE_LATE',
      reason: expect.stringContaining('content store is full'),
    });
  });

  it('a key that the owner does not give any more ends the trade, and the money comes back', async () => {
    const { seller, buyer, asset } = await pair(97);
    seller.settlement.release = async () => {
      throw new EdmpError('ERR_CONSENT_WITHDRAWN', 'the owner withdrew its consent');
    };
    await world.buy(buyer, asset);
    await world.until(() => stateOf(seller) === 'failed', MINUTE);
    expect(tradeOf(seller).failure?.reason).toContain('consent');
    await world.until(() => stateOf(buyer) === 'returned', HOUR, 1_000);
    expect(buyer.ledger.balance(buyer.key, 'DUM1').available).toBe(1_000n);
  });

  it('data that cannot be opened here for good is told as lost', async () => {
    const { buyer, asset } = await pair(98);
    buyer.settlement.open = async () => {
      throw new EdmpError('ERR_SETTLEMENT_KEY', 'the one-time key is gone');
    };
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'lost', MINUTE);
    expect(tradeOf(buyer).failure).toMatchObject({ code: 'ERR_SETTLEMENT_KEY' });
  });
});
