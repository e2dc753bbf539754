import { createSettlement, networkContentStore } from '@edmp/data-settlement';
import { bytesToHex, type SealedDelivery, type SettlementTrade, utf8ToBytes } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { contains } from './support/contains.ts';
import { quarterHours } from './support/fixtures.ts';
import { code, type Party, parties, quiet, receivedDeal, sealedTrade } from './support/parties.ts';

describe('a deal from dataset to opened data', () => {
  it('gives the buyer exactly what the seller added', async () => {
    const all = parties();
    const series = quarterHours({ days: 2 });
    const deal = await receivedDeal(all, series);
    const wrapped = await all.seller.settlement.release(deal.trade);
    const outcome = await all.buyer.settlement.open(deal.trade, deal.document, deal.delivery, wrapped);
    expect(outcome).toEqual({ kind: 'opened', document: deal.document, consumption: series.consumption });
    expect(wrapped.length).toBe(1_168);
    expect(deal.delivery.settlementRoot.length).toBe(32);
  });

  it('needs two round trips to fetch one day, and none for what is here already', async () => {
    const all = parties();
    const { trade, document, delivery } = await receivedDeal(all);
    expect(all.buyer.network.requests).toBe(2);
    await all.buyer.settlement.receive(trade, document, delivery);
    expect(all.buyer.network.requests).toBe(2);
  });

  it('seals two trades of one dataset under keys and ciphertexts of their own', async () => {
    const all = parties();
    const series = quarterHours();
    const { asset } = await all.seller.settlement.addDataset(series);
    const seal = async (): Promise<SealedDelivery> => {
      const recipientKey = await all.buyer.settlement.createRecipientKey();
      return all.seller.settlement.seal({
        tradeId: all.crypto.sha256(recipientKey),
        asset,
        seller: all.seller.network.self,
        buyer: all.buyer.network.self,
        suite: 'x-wing',
        recipientKey,
      });
    };
    const [a, b] = [await seal(), await seal()];
    expect(a.manifest.toString()).not.toBe(b.manifest.toString());
    expect(bytesToHex(a.settlementRoot)).not.toBe(bytesToHex(b.settlementRoot));
  });

  it('never lets plaintext or secrets reach the content store', async () => {
    const all = parties();
    const series = quarterHours();
    const deal = await receivedDeal(all, series);
    await all.seller.settlement.release(deal.trade);
    const stored: Buffer[] = [];
    for await (const cid of all.seller.content.list())
      stored.push(Buffer.from(await all.seller.content.get(cid)));
    const blocks = Buffer.concat(stored);
    for (const prefix of ['settlement/chunk/', 'settlement/sold/', 'settlement/dataset/']) {
      for (const [, value] of await all.seller.secrets.entries(prefix)) {
        for (let i = 0; i + 24 <= value.length; i += 24) {
          const piece = value.subarray(i, i + 24);
          if (piece.some((byte) => byte !== 0) && prefix === 'settlement/chunk/') {
            expect(contains(blocks, piece)).toBe(false);
          }
        }
      }
    }
    expect(contains(blocks, utf8ToBytes('Europe/Amsterdam'))).toBe(false);
  });

  it('works the same when a third source serves the sealed blocks', async () => {
    const all = parties();
    const { trade, document, delivery } = await sealedTrade(all);
    const { crypto, environment, buyer, seller } = all;
    const other = createSettlement({
      crypto,
      environment,
      content: buyer.content,
      secrets: buyer.secrets,
      network: all.stranger.network.self === buyer.network.self ? buyer.network : quiet(buyer),
      source: () => seller.content,
    });
    await other.receive(trade, document, delivery);
    const wrapped = await seller.settlement.release(trade);
    expect((await other.open(trade, document, delivery, wrapped)).kind).toBe('opened');
    expect(buyer.network.requests).toBe(0);
  });
});

describe('who may do what', () => {
  it('serves sealed blocks to the buyer of the trade alone', async () => {
    const all = parties();
    const { delivery } = await receivedDeal(all);
    const as = (party: Party) =>
      networkContentStore({
        network: party.network,
        crypto: all.crypto,
        peer: all.seller.network.self,
        root: delivery.manifest,
      });
    expect((await as(all.buyer).get(delivery.manifest)).length).toBeGreaterThan(100);
    await expect(as(all.stranger).get(delivery.manifest)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
    // Nor does a buyer's copy leave the buyer's node.
    const fromBuyer = networkContentStore({
      network: all.stranger.network,
      crypto: all.crypto,
      peer: all.buyer.network.self,
      root: delivery.manifest,
    });
    await expect(fromBuyer.get(delivery.manifest)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
  });

  it('refuses unknown datasets, trades and keys', async () => {
    const all = parties();
    const { trade, document, delivery } = await receivedDeal(all);
    const { seller, buyer, stranger } = all;
    await expect(stranger.settlement.seal(trade)).rejects.toThrow(code('ERR_SETTLEMENT_UNKNOWN_DATASET'));
    await expect(stranger.settlement.release(trade)).rejects.toThrow(code('ERR_SETTLEMENT_UNKNOWN_TRADE'));
    await expect(stranger.settlement.receive(trade, document, delivery)).rejects.toThrow(
      code('ERR_SETTLEMENT_KEY'),
    );
    await expect(stranger.settlement.open(trade, document, delivery, new Uint8Array(80))).rejects.toThrow(
      code('ERR_SETTLEMENT_KEY'),
    );
    await expect(seller.settlement.consumption('EWnone')).rejects.toThrow(
      code('ERR_SETTLEMENT_UNKNOWN_DATASET'),
    );
    expect(await seller.settlement.holds(trade.asset)).toBe(true);
    expect(await buyer.settlement.holds(trade.asset)).toBe(false);
  });

  it('refuses a known trade id with other facts, and malformed facts', async () => {
    const all = parties();
    const deal = await receivedDeal(all);
    const { seller, buyer } = all;
    const other = { ...deal.trade, buyer: all.stranger.network.self };
    for (const attempt of [
      () => seller.settlement.seal(other),
      () => seller.settlement.release(other),
      () => buyer.settlement.receive(other, deal.document, deal.delivery),
    ]) {
      await expect(attempt()).rejects.toThrow(code('ERR_SETTLEMENT_UNKNOWN_TRADE'));
    }
    for (const bad of [
      { tradeId: new Uint8Array(31) },
      { recipientKey: new Uint8Array(0) },
      { asset: 'DUM1' },
      { buyer: undefined },
    ]) {
      await expect(seller.settlement.seal({ ...deal.trade, ...bad } as SettlementTrade)).rejects.toThrow(
        code('ERR_INVALID_ARGUMENT'),
      );
    }
    const lowOrder = {
      ...deal.trade,
      tradeId: new Uint8Array(32).fill(8),
      recipientKey: deal.trade.recipientKey.slice().fill(0, 1_184),
    };
    await expect(seller.settlement.seal(lowOrder)).rejects.toThrow(code('ERR_SETTLEMENT_KEY'));
  });
});
