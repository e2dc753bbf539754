import { createSettlement, type KeySuite, x25519Suite, xWingSuite } from '@edmp/data-settlement';
import { encodeProof, judgeProof } from '@edmp/data-settlement/proof';
import {
  expectRecipientKey,
  unwrapContentKey,
  wrapContentKey,
  wrappedKeyBytes,
} from '@edmp/data-settlement/sealing';
import { type Crypto, CryptoError, type SettlementTrade, systemEnvironment } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import type { HpkeCrypto } from '@edmp/interface/hpke';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';
import { code, type Deal, judged, type Parties, parties, quiet, receivedDeal } from './support/parties.ts';

const binding = { tradeId: new Uint8Array(32).fill(1), settlementRoot: new Uint8Array(32).fill(2) };
const contentKey = new Uint8Array(32).fill(3);
const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

/** The parties again, over the same stores, each taking `suites`. */
function taking(all: Parties, keySuites: readonly KeySuite[]): Parties {
  const again = (party: Parties['seller']): Parties['seller'] => {
    const { content, secrets } = party;
    const { crypto, environment } = all;
    void party.settlement.stop();
    return {
      ...party,
      settlement: createSettlement({
        crypto,
        environment,
        content,
        secrets,
        network: party.network,
        keySuites,
      }),
    };
  };
  return { ...all, seller: again(all.seller), buyer: again(all.buyer), stranger: again(all.stranger) };
}

/** A deal under the suite of the buyer. */
async function dealUnder(all: Parties): Promise<Deal> {
  const { seller, buyer, crypto } = all;
  const { asset, document } = await seller.settlement.addDataset(quarterHours());
  const recipientKey = await buyer.settlement.createRecipientKey();
  const trade: SettlementTrade = {
    tradeId: crypto.sha256(recipientKey),
    asset,
    seller: seller.network.self,
    buyer: buyer.network.self,
    suite: buyer.settlement.keySuite,
    recipientKey,
  };
  const delivery = await seller.settlement.seal(trade);
  await buyer.settlement.receive(trade, document, delivery);
  return { trade, document, delivery };
}

describe.each([nodeCrypto(), nobleCrypto()])('wrapped keys on $name', (crypto) => {
  it.each([xWingSuite, x25519Suite])(
    'open with the one-time key of $id, and after no change at all',
    (suite) => {
      const secretKey = filled(suite.kem.secretKeyBytes, 5);
      const recipientKey = suite.kem.publicKey(crypto, secretKey);
      const randomness = filled(suite.kem.randomnessBytes, 6);
      expectRecipientKey(crypto, recipientKey, suite);
      const wrappedKey = wrapContentKey(crypto, { ...binding, suite, recipientKey, contentKey, randomness });
      expect(wrappedKey).toHaveLength(wrappedKeyBytes(suite));
      const open = (change: Partial<Parameters<typeof unwrapContentKey>[1]>) =>
        unwrapContentKey(crypto, { ...binding, suite, secretKey, wrappedKey, ...change });
      expect(open({})).toEqual(contentKey);
      const refused = code('ERR_SETTLEMENT_KEY');
      for (let at = 0; at < wrappedKey.length; at += suite === xWingSuite ? 7 : 1) {
        const altered = wrappedKey.with(at, (wrappedKey[at] ?? 0) ^ 1);
        expect(() => open({ wrappedKey: altered }), `byte ${at}`).toThrow(refused);
      }
      expect(() => open({ tradeId: filled(32, 9) })).toThrow(refused);
      expect(() => open({ settlementRoot: filled(32, 9) })).toThrow(refused);
      expect(() => open({ secretKey: filled(32, 9) })).toThrow(refused);
      for (const length of [0, 79, 80, 1_167, 1_169]) {
        if (length === wrappedKey.length) continue;
        expect(() => open({ wrappedKey: new Uint8Array(length) })).toThrow(refused);
      }
    },
  );

  it('take the randomness of the provider only where the mechanism allows it', () => {
    const wrap = (suite: KeySuite) => {
      const recipientKey = suite.kem.publicKey(crypto, filled(32, 5));
      return wrapContentKey(crypto, { ...binding, suite, recipientKey, contentKey });
    };
    expect(wrap(xWingSuite)).not.toEqual(wrap(xWingSuite));
    expect(() => wrap(x25519Suite)).toThrow(code('ERR_INVALID_ARGUMENT'));
  });

  it('are made for no bytes that are no key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 1_300 }), (bytes) => {
        for (const suite of [xWingSuite, x25519Suite]) {
          if (suite === x25519Suite && bytes.length === 32) continue;
          expect(() => expectRecipientKey(crypto, bytes, suite)).toThrow(code('ERR_SETTLEMENT_KEY'));
        }
      }),
      { numRuns: 100 },
    );
    // 1 216 bytes of noise have a coefficient above the modulus with a probability of 1 − 10⁻⁶⁹.
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1_216, maxLength: 1_216 }),
        fc.uint8Array({ minLength: 2, maxLength: 8 }),
        (key, mark) => {
          const noise = key.map((byte, i) => byte ^ (mark[i % mark.length] ?? 0));
          noise.set([0xff, 0xff, 0xff], 300);
          expect(() => expectRecipientKey(crypto, noise)).toThrow(code('ERR_SETTLEMENT_KEY'));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the suite of a settlement', () => {
  it('is X-Wing, and another one is refused at every step', async () => {
    const all = parties();
    expect(all.seller.settlement.keySuite).toBe('x-wing');
    const deal = await receivedDeal(all);
    for (const suite of ['x25519', '', 'X-WING', 'x-wing ', undefined as unknown as string]) {
      const trade = { ...deal.trade, suite, tradeId: filled(32, 7) };
      const refused = code('ERR_SETTLEMENT_SUITE');
      await expect(all.seller.settlement.seal(trade)).rejects.toThrow(refused);
      await expect(all.seller.settlement.release(trade)).rejects.toThrow(refused);
      const { document, delivery } = deal;
      await expect(all.buyer.settlement.receive(trade, document, delivery)).rejects.toThrow(refused);
      const opening = all.buyer.settlement.open(trade, document, delivery, new Uint8Array(1_168));
      await expect(opening).rejects.toThrow(refused);
    }
  });

  it('can be another one where both take it, each side then making keys of its first', async () => {
    const all = taking(parties(), [x25519Suite, xWingSuite]);
    const old = await dealUnder(all);
    expect([old.trade.suite, old.trade.recipientKey.length]).toEqual(['x25519', 32]);
    const wrapped = await all.seller.settlement.release(old.trade);
    expect(wrapped).toHaveLength(80);
    // A node that moved on still settles what it agreed to before.
    const moved = taking(all, [xWingSuite, x25519Suite]);
    const opened = await moved.buyer.settlement.open(old.trade, old.document, old.delivery, wrapped);
    expect(opened.kind).toBe('opened');
    const fresh = await dealUnder(moved);
    expect(fresh.trade.suite).toBe('x-wing');
    // The same trade by another suite is another trade.
    await expect(moved.seller.settlement.release({ ...old.trade, suite: 'x-wing' })).rejects.toThrow(
      code('ERR_INVALID_ARGUMENT'),
    );
  });

  it('is one at least', () => {
    const all = parties();
    const { crypto, environment, seller } = all;
    const { content, secrets } = seller;
    const options = { crypto, environment, content, secrets, network: quiet(seller) };
    expect(() => createSettlement({ ...options, keySuites: [] })).toThrow(code('ERR_INVALID_ARGUMENT'));
  });

  it('judges by the suite of the terms, and convicts nobody by one that it does not take', async () => {
    const all = taking(parties(), [x25519Suite]);
    const deal = await dealUnder(all);
    await all.seller.settlement.release(deal.trade);
    const outcome = await all.buyer.settlement.open(deal.trade, deal.document, deal.delivery, filled(80, 1));
    if (outcome.kind !== 'misbehaviour') throw new Error('the key was meant to be wrong');
    const facts = judged(deal, filled(80, 1));
    expect(all.stranger.settlement.judge(facts, outcome.proof).guilty).toBe(true);
    expect(parties().stranger.settlement.judge(facts, outcome.proof)).toMatchObject({ guilty: false });
    expect(judgeProof(all.crypto, facts, outcome.proof)).toMatchObject({ guilty: false, kind: 'wrong-key' });
    expect(judgeProof(all.crypto, { ...facts, suite: 'x-wing' }, outcome.proof).guilty).toBe(false);
  });
});

/** A provider whose library for X-Wing went missing. */
function lacking(crypto: Crypto): Crypto {
  const missing = (): never => {
    throw new CryptoError('ERR_CRYPTO_PROVIDER', 'not installed');
  };
  return {
    ...crypto,
    xWing: { ...crypto.xWing, publicKey: missing, encapsulate: missing, decapsulate: missing },
  };
}

describe('a library that is missing', () => {
  it('is told when a settlement is created, before anything is paid for', () => {
    const all = parties();
    const { environment, seller } = all;
    const { content, secrets } = seller;
    const crypto = lacking(all.crypto);
    expect(() => createSettlement({ crypto, environment, content, secrets, network: quiet(seller) })).toThrow(
      code('ERR_CRYPTO_PROVIDER'),
    );
  });

  it('is nobody’s misbehaviour, neither to a buyer nor to a judge', async () => {
    const all = parties();
    const deal = await receivedDeal(all);
    const wrappedKey = await all.seller.settlement.release(deal.trade);
    const missing: HpkeCrypto = lacking(all.crypto);
    expect(() =>
      unwrapContentKey(missing, {
        tradeId: deal.trade.tradeId,
        settlementRoot: deal.delivery.settlementRoot,
        secretKey: filled(32, 1),
        wrappedKey,
      }),
    ).toThrow(code('ERR_CRYPTO_PROVIDER'));
    const proof = encodeProof({ kind: 'wrong-key', secretKey: filled(32, 1), check: null });
    expect(() => judgeProof(lacking(all.crypto), judged(deal, wrappedKey), proof)).toThrow(
      code('ERR_CRYPTO_PROVIDER'),
    );
  });
});

describe('a buyer that lies about its one-time key', () => {
  it('convicts no honest seller, whatever the key', async () => {
    const all = parties();
    const deal = await receivedDeal(all);
    const wrappedKey = await all.seller.settlement.release(deal.trade);
    const facts = judged(deal, wrappedKey);
    const accuse = (secretKey: Uint8Array) => encodeProof({ kind: 'wrong-key', secretKey, check: null });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (secretKey) => {
        expect(judgeProof(all.crypto, facts, accuse(secretKey)).guilty).toBe(false);
        // Nor with a key of its own in the place of the one that the key was wrapped to: the terms have its digest.
        const own = all.crypto.xWing.publicKey(secretKey);
        expect(all.crypto.sha256(own)).not.toEqual(all.crypto.sha256(deal.trade.recipientKey));
      }),
      { numRuns: 100 },
    );
    for (const length of [0, 31, 33, 1_215, 1_217]) {
      const odd = { ...facts, recipientKey: new Uint8Array(length) };
      expect(judgeProof(all.crypto, odd, accuse(filled(32, 1))).guilty).toBe(false);
    }
  });
});

describe('outside of simulations', () => {
  it('keys are wrapped with the randomness of the provider, and inside with the simulation’s', async () => {
    const seen: (number | undefined)[] = [];
    for (const systemRandom of [true, false]) {
      const all = parties();
      const { seller } = all;
      const crypto: Crypto = {
        ...all.crypto,
        xWing: {
          ...all.crypto.xWing,
          encapsulate(publicKey, randomness) {
            seen.push(randomness?.length);
            return all.crypto.xWing.encapsulate(publicKey, randomness);
          },
        },
      };
      const environment = systemRandom
        ? { ...all.environment, systemRandom: systemEnvironment().systemRandom === true }
        : all.environment;
      const { content, secrets } = seller;
      const settlement = createSettlement({ crypto, environment, content, secrets, network: quiet(seller) });
      const deal = await receivedDeal(all);
      seen.length = systemRandom ? 0 : seen.length;
      await settlement.release(deal.trade);
    }
    expect(seen).toEqual([undefined, 64]);
  });
});
