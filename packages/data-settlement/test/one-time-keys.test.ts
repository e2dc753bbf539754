import { bytesToHex } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
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
    expect(keys).not.toContain(bytesToHex(unused));
    expect(keys).toContain(bytesToHex(fresh));
    const wrapped = await all.seller.settlement.release(deal.trade);
    expect((await all.buyer.settlement.open(deal.trade, deal.document, deal.delivery, wrapped)).kind).toBe(
      'opened',
    );
  });
});
