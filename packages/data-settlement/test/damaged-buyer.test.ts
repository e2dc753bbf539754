/** A buyer whose disk loses bits: it may lose its data, and accuses nobody of that. */

import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';
import { code, judged, parties, receivedDeal, restarted } from './support/parties.ts';

describe('a buyer whose records lost a bit', () => {
  it('finds no misbehaviour in an honest delivery, whatever record it was', async () => {
    const all = parties(3);
    const deal = await receivedDeal(all, quarterHours({ days: 2 }));
    const wrapped = await all.seller.settlement.release(deal.trade);
    const { secrets } = all.buyer;
    const kinds = new Set<string>();
    for (const [key, bytes] of await secrets.entries('')) {
      // Every byte of a key, some of the long records.
      for (let at = 0; at < bytes.length; at += bytes.length < 256 ? 1 : 41) {
        await secrets.set(key, bytes.with(at, bytes[at]! ^ (1 << (at % 8))));
        try {
          const { settlement } = restarted(all, all.buyer);
          const outcome = await settlement.open(deal.trade, deal.document, deal.delivery, wrapped);
          expect(outcome.kind, `${key} ${at}`).toBe('opened');
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_SETTLEMENT_(KEY|FORMAT)$/) });
          kinds.add(key.split('/')[1] ?? '');
        }
        await secrets.set(key, bytes);
      }
    }
    expect(kinds).toContain('one-time');
  });

  it('does not take the secret of another key for its own, and can still prove what was wrong when it has it back', async () => {
    const all = parties(4);
    const deal = await receivedDeal(all);
    const honest = await all.seller.settlement.release(deal.trade);
    const wrong = honest.with(40, honest[40]! ^ 1);
    const other = await all.buyer.settlement.createRecipientKey();
    const place = (key: Uint8Array): string =>
      `settlement/one-time/${Buffer.from(all.crypto.sha256(key)).toString('hex')}`;
    const { secrets } = all.buyer;
    const right = (await secrets.get(place(deal.trade.recipientKey)))!;
    await secrets.set(place(deal.trade.recipientKey), (await secrets.get(place(other)))!);
    const open = (wrapped: Uint8Array) =>
      all.buyer.settlement.open(deal.trade, deal.document, deal.delivery, wrapped);
    for (const wrapped of [honest, wrong]) {
      await expect(open(wrapped)).rejects.toThrow(code('ERR_SETTLEMENT_KEY'));
    }
    await secrets.set(place(deal.trade.recipientKey), right);
    expect(await open(honest)).toMatchObject({ kind: 'opened' });
    const outcome = await open(wrong);
    if (outcome.kind !== 'misbehaviour') throw new Error('a wrong key opened');
    expect(all.stranger.settlement.judge(judged(deal, wrong), outcome.proof)).toMatchObject({ guilty: true });
  });
});
