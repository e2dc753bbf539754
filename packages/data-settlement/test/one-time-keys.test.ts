import { bytesToHex } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';
import { code, parties, receivedDeal } from './support/parties.ts';

describe('one-time keys', () => {
  it('serve one trade only', async () => {
    const all = parties();
    const first = await receivedDeal(all);
    const second = { ...first.trade, tradeId: new Uint8Array(32).fill(5) };
    const delivery = await all.seller.settlement.seal(second);
    await expect(all.buyer.settlement.receive(second, first.document, delivery)).rejects.toThrow(
      code('ERR_SETTLEMENT_KEY'),
    );
  });

  it('are never shared by trades that begin at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      const all = parties(round + 1);
      const { asset, document } = await all.seller.settlement.addDataset(quarterHours());
      const recipientKey = await all.buyer.settlement.createRecipientKey();
      const trades = await Promise.all(
        [1, 2, 3].map(async (byte) => {
          const trade = {
            tradeId: new Uint8Array(32).fill(byte),
            asset,
            seller: all.seller.network.self,
            buyer: all.buyer.network.self,
            suite: 'x-wing',
            recipientKey,
          };
          return { trade, delivery: await all.seller.settlement.seal(trade) };
        }),
      );
      const outcomes = await Promise.allSettled(
        trades.map(({ trade, delivery }) => all.buyer.settlement.receive(trade, document, delivery)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toEqual(code('ERR_SETTLEMENT_KEY'));
      }
    }
  });

  it('are sealed for only in their one encoding', async () => {
    const all = parties();
    const { asset } = await all.seller.settlement.addDataset(quarterHours());
    const good = await all.buyer.settlement.createRecipientKey();
    const p = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xed : i === 31 ? 0x7f : 0xff));
    const sealFor = (recipientKey: Uint8Array) =>
      all.seller.settlement.seal({
        tradeId: all.crypto.sha256(recipientKey),
        asset,
        seller: all.seller.network.self,
        buyer: all.buyer.network.self,
        suite: 'x-wing',
        recipientKey,
      });
    const withX25519 = (half: Uint8Array) => {
      const key = good.slice();
      key.set(half, 1_184);
      return key;
    };
    const half = good.subarray(1_184);
    // The highest bit, 9 + p, 2²⁵⁵ − 1: X25519 takes all of them. 0 and p − 1 have low order.
    const others = [half.with(31, half[31]! | 0x80), p.with(0, 0xed + 9), p.with(0, 0xff)];
    for (const other of [...others, new Uint8Array(32), p.with(0, 0xec)]) {
      await expect(sealFor(withX25519(other))).rejects.toThrow(code('ERR_SETTLEMENT_KEY'));
    }
    // An ML-KEM coefficient of 3329 or more is 0 and up by another name.
    const unreduced = good.with(0, 0xff).with(1, good[1]! | 0x0f);
    await expect(sealFor(unreduced)).rejects.toThrow(code('ERR_SETTLEMENT_KEY'));
    await sealFor(good);
    // The largest canonical one that is no point of low order: p − 2.
    await sealFor(withX25519(p.with(0, 0xeb)));
  });

  it('are destroyed after a month without use, and kept for ever with a trade', async () => {
    const all = parties();
    const deal = await receivedDeal(all);
    const unused = await all.buyer.settlement.createRecipientKey();
    const held = async () => (await all.buyer.secrets.entries('settlement/one-time/')).length;
    expect(await held()).toBe(2);
    await all.environment.advance(29 * 86_400_000);
    const fresh = await all.buyer.settlement.createRecipientKey();
    expect(await held()).toBe(3);
    await all.environment.advance(2 * 86_400_000);
    await all.buyer.settlement.createRecipientKey();
    expect(await held()).toBe(3);
    const keys = (await all.buyer.secrets.entries('settlement/one-time/')).map(([key]) => key.slice(-64));
    expect(keys).not.toContain(bytesToHex(all.crypto.sha256(unused)));
    expect(keys).toContain(bytesToHex(all.crypto.sha256(fresh)));
    const wrapped = await all.seller.settlement.release(deal.trade);
    expect((await all.buyer.settlement.open(deal.trade, deal.document, deal.delivery, wrapped)).kind).toBe(
      'opened',
    );
  });
});
