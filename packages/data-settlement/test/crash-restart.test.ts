import { createSettlement } from '@edmp/data-settlement';
import {
  bytesToHex,
  CODEC_RAW,
  type ContentStore,
  type KeyValueStore,
  type SettlementTrade,
} from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';
import { parties, quiet, restarted } from './support/parties.ts';

describe('crash and restart', () => {
  it('goes on from every step with the same answers', async () => {
    const all = parties();
    const series = quarterHours({ days: 2 });
    let { seller, buyer } = all;
    const { asset, document } = await seller.settlement.addDataset(series);
    seller = restarted(all, seller);
    expect(await seller.settlement.datasets()).toEqual([{ asset, document }]);
    expect(await seller.settlement.consumption(asset)).toEqual(series.consumption);
    const recipientKey = await buyer.settlement.createRecipientKey();
    buyer = restarted(all, buyer);
    const trade: SettlementTrade = {
      tradeId: all.crypto.sha256(recipientKey),
      asset,
      seller: seller.network.self,
      buyer: buyer.network.self,
      suite: 'x-wing',
      recipientKey,
    };
    const delivery = await seller.settlement.seal(trade);
    seller = restarted(all, seller);
    expect(await seller.settlement.seal(trade)).toEqual(delivery);
    await buyer.settlement.receive(trade, document, delivery);
    buyer = restarted(all, buyer);
    const wrapped = await seller.settlement.release(trade);
    seller = restarted(all, seller);
    expect(await seller.settlement.release(trade)).toEqual(wrapped);
    const outcome = await buyer.settlement.open(trade, document, delivery, wrapped);
    expect(outcome).toMatchObject({ kind: 'opened', consumption: series.consumption });
    await seller.settlement.removeDataset(asset);
    expect(await seller.settlement.seal(trade), 'a sealed trade stays deliverable').toEqual(delivery);
  });

  it('seals the same after dying at any write', async () => {
    for (let allowed = 0; allowed < 12; allowed++) {
      const all = parties();
      const { asset } = await all.seller.settlement.addDataset(quarterHours({ days: 2 }));
      const recipientKey = await all.buyer.settlement.createRecipientKey();
      const trade: SettlementTrade = {
        tradeId: all.crypto.sha256(recipientKey),
        asset,
        seller: all.seller.network.self,
        buyer: all.buyer.network.self,
        suite: 'x-wing',
        recipientKey,
      };
      let left = allowed;
      const dying =
        <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          if (left-- <= 0) throw new Error('power cut');
          return call(...args);
        };
      const { crypto, environment, seller } = all;
      const content: ContentStore = {
        ...seller.content,
        put: dying(seller.content.put),
        // Block by block, so that it dies between any two of them.
        async putMany(blocks) {
          for (const { bytes } of blocks) await content.put(CODEC_RAW, bytes);
        },
        pin: dying(seller.content.pin),
      };
      const secrets: KeyValueStore = { ...seller.secrets, set: dying(seller.secrets.set) };
      const doomed = createSettlement({ crypto, environment, content, secrets, network: quiet(seller) });
      const first = await doomed.seal(trade).catch(() => undefined);
      const second = await seller.settlement.seal(trade);
      if (first !== undefined) expect(second).toEqual(first);
      expect(await seller.settlement.seal(trade)).toEqual(second);
      const kept = await seller.secrets.entries('settlement/sold/');
      expect(kept.length).toBe(1);
    }
  });

  it('leaves no half dataset for sale and no private chunk behind', async () => {
    const all = parties();
    const { crypto, environment, seller } = all;
    let left = 2;
    const secrets: KeyValueStore = {
      ...seller.secrets,
      set: async (key, value) => {
        if (left-- <= 0) throw new Error('power cut');
        await seller.secrets.set(key, value);
      },
      delete: async () => {
        throw new Error('power cut');
      },
      setMany: async (changes) => {
        const [first] = changes;
        if (first?.[1]) await seller.secrets.set(first[0], first[1]);
        throw new Error('power cut');
      },
    };
    const doomed = createSettlement({
      crypto,
      environment,
      content: seller.content,
      secrets,
      network: quiet(seller),
    });
    await expect(doomed.addDataset(quarterHours({ days: 365 }))).rejects.toThrow('power cut');
    expect((await seller.secrets.entries('settlement/')).length).toBe(2);
    const again = restarted(all, seller);
    expect(await again.settlement.datasets()).toEqual([]);
    expect(await seller.secrets.entries('settlement/')).toEqual([]);
  });

  it('runs repeated and concurrent calls once', async () => {
    const all = parties();
    const { asset } = await all.seller.settlement.addDataset(quarterHours());
    const recipientKey = await all.buyer.settlement.createRecipientKey();
    const trade = {
      tradeId: all.crypto.sha256(recipientKey),
      asset,
      seller: all.seller.network.self,
      buyer: all.buyer.network.self,
      suite: 'x-wing',
      recipientKey,
    };
    const deliveries = await Promise.all([1, 2, 3].map(() => all.seller.settlement.seal(trade)));
    expect(new Set(deliveries.map((d) => d.manifest.toString())).size).toBe(1);
    const keys = await Promise.all([1, 2, 3].map(() => all.seller.settlement.release(trade)));
    expect(new Set(keys.map(bytesToHex)).size).toBe(1);
  });
});
