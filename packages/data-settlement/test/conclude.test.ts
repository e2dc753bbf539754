import type { SettlementTrade } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { craft } from './support/cheat.ts';
import { contains } from './support/contains.ts';
import { quarterHours } from './support/fixtures.ts';
import { type Parties, type Party, parties } from './support/parties.ts';

/** A deal up to the released key. */
async function released(all: Parties) {
  const { seller, buyer, crypto } = all;
  const { asset, document } = await seller.settlement.addDataset(quarterHours());
  const recipientKey = await buyer.settlement.createRecipientKey();
  const trade: SettlementTrade = {
    tradeId: crypto.sha256(recipientKey),
    asset,
    seller: seller.network.self,
    buyer: buyer.network.self,
    suite: 'x-wing',
    recipientKey,
  };
  const delivery = await seller.settlement.seal(trade);
  await buyer.settlement.receive(trade, document, delivery);
  const wrapped = await seller.settlement.release(trade);
  return { trade, document, delivery, wrapped, asset };
}

const secretsOf = async ({ secrets }: Party): Promise<Uint8Array[]> =>
  (await secrets.entries('settlement/')).map(([, value]) => value);
const oneTime = async ({ secrets }: Party): Promise<number> =>
  (await secrets.entries('settlement/one-time/')).length;

describe('the end of a trade', () => {
  it('destroys the keys on both sides, and the data can be read on', async () => {
    const all = parties();
    const { trade, document, delivery, wrapped } = await released(all);
    const { seller, buyer } = all;
    const first = await buyer.settlement.open(trade, document, delivery, wrapped);
    expect(await buyer.settlement.conclude(trade.tradeId, { paid: true })).toBe(1);
    expect(await seller.settlement.conclude(trade.tradeId, { paid: true })).toBe(1);
    expect(await oneTime(buyer)).toBe(0);
    expect(await buyer.settlement.open(trade, document, delivery, wrapped)).toEqual(first);
    // The seller gives the same answers as before, and makes no other key.
    expect(await seller.settlement.seal(trade)).toEqual(delivery);
    expect(await seller.settlement.release(trade)).toEqual(wrapped);
    expect(await buyer.settlement.conclude(trade.tradeId, { paid: true })).toBe(0);
    expect(await seller.settlement.conclude(trade.tradeId, { paid: true })).toBe(0);
  });

  it('leaves the secret of a paid purchase that was never opened', async () => {
    const all = parties();
    const { trade, document, delivery, wrapped } = await released(all);
    const { buyer } = all;
    expect(await buyer.settlement.conclude(trade.tradeId, { paid: true })).toBe(0);
    expect(await buyer.settlement.open(trade, document, delivery, wrapped)).toMatchObject({ kind: 'opened' });
    expect(await buyer.settlement.conclude(trade.tradeId, { paid: true })).toBe(1);
  });

  it('destroys the secret when the money came back', async () => {
    const all = parties();
    const { trade } = await released(all);
    expect(await all.buyer.settlement.conclude(trade.tradeId, { paid: false })).toBe(1);
    expect(await oneTime(all.buyer)).toBe(0);
  });

  it('keeps nothing in the clear of a delivery that was not as promised', async () => {
    const all = parties();
    const bad = await craft(all, all.buyer.content, quarterHours({ days: 3 }), {
      releasedKey: (key) => key.map((x) => x ^ 1),
    });
    await all.buyer.settlement.receive(bad.trade, bad.document, bad.delivery);
    const outcome = await all.buyer.settlement.open(bad.trade, bad.document, bad.delivery, bad.wrappedKey);
    expect(outcome.kind).toBe('misbehaviour');
    expect(await all.buyer.secrets.entries('settlement/opened')).toEqual([]);
  });

  it('of an unknown trade is nothing', async () => {
    const all = parties();
    expect(await all.buyer.settlement.conclude(new Uint8Array(32), { paid: true })).toBe(0);
    await expect(all.buyer.settlement.conclude(new Uint8Array(3), { paid: true })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  it('takes a copy in the clear that a crash cut short for none', async () => {
    const all = parties();
    const { trade, document, delivery, wrapped } = await released(all);
    const { buyer } = all;
    await buyer.settlement.open(trade, document, delivery, wrapped);
    const [[mark = ''] = []] = await buyer.secrets.entries('settlement/opened/');
    await buyer.secrets.delete(mark);
    expect(await buyer.settlement.conclude(trade.tradeId, { paid: true })).toBe(0);
    expect(await buyer.settlement.open(trade, document, delivery, wrapped)).toMatchObject({ kind: 'opened' });
  });

  it('and erasing leave no value of the data with either side', async () => {
    const all = parties();
    const { trade, document, delivery, wrapped, asset } = await released(all);
    const { seller, buyer } = all;
    const [, salted = new Uint8Array(0)] = (await seller.secrets.entries('settlement/chunk/'))[0] ?? [];
    const chunk = salted.subarray(16);
    await buyer.settlement.open(trade, document, delivery, wrapped);
    const holds = async (party: Party): Promise<boolean> =>
      (await secretsOf(party)).some((value) => contains(value, chunk));
    expect([await holds(buyer), await holds(seller)]).toEqual([true, true]);
    expect((await buyer.settlement.erase(trade.tradeId)).keysDestroyed).toBe(3);
    await seller.settlement.erase(trade.tradeId);
    await seller.settlement.removeDataset(asset);
    expect([await holds(buyer), await holds(seller)]).toEqual([false, false]);
    await expect(buyer.settlement.open(trade, document, delivery, wrapped)).rejects.toMatchObject({
      code: 'ERR_SETTLEMENT_KEY',
    });
  });
});
