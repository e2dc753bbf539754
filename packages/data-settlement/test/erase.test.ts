import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSettlement } from '@edmp/data-settlement';
import { fsContentStore } from '@edmp/data-settlement/fs';
import { decodeManifest } from '@edmp/data-settlement/sealing';
import { bytesToHex, type SealedDelivery } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { contains } from './support/contains.ts';
import { quarterHours } from './support/fixtures.ts';
import { code, type Party, parties, receivedDeal, sealedTrade } from './support/parties.ts';

describe('erasing', () => {
  it('destroys keys and blocks on both sides and says what is out of reach', async () => {
    const all = parties();
    const { seller, buyer } = all;
    const deal = await receivedDeal(all, quarterHours({ days: 2 }));
    const wrapped = await seller.settlement.release(deal.trade);
    const blocks = deal.delivery.chunks + 1;
    const bySeller = await seller.settlement.erase(deal.trade.tradeId);
    expect(bySeller).toMatchObject({ keysDestroyed: 1, blocksDeleted: blocks });
    expect(bySeller.unreachable.length).toBe(2);
    await expect(seller.settlement.release(deal.trade)).rejects.toThrow(code('ERR_SETTLEMENT_UNKNOWN_TRADE'));
    await expect(seller.settlement.seal(deal.trade)).rejects.toThrow(code('ERR_SETTLEMENT_UNKNOWN_TRADE'));
    const byBuyer = await buyer.settlement.erase(deal.trade.tradeId);
    expect(byBuyer).toMatchObject({ keysDestroyed: 1, blocksDeleted: blocks });
    await expect(buyer.settlement.open(deal.trade, deal.document, deal.delivery, wrapped)).rejects.toThrow(
      code('ERR_SETTLEMENT_KEY'),
    );
    for (const { content } of [seller, buyer]) {
      for await (const cid of content.list()) throw new Error(`${cid} is still there`);
    }
    expect(await buyer.settlement.erase(deal.trade.tradeId)).toEqual({
      keysDestroyed: 0,
      blocksDeleted: 0,
      unreachable: byBuyer.unreachable,
    });
    expect(await seller.settlement.holds(deal.trade.asset), 'the dataset itself stays').toBe(true);
  });

  it('reaches a trade whose delivery never came', async () => {
    const all = parties();
    const { trade, document, delivery } = await sealedTrade(all);
    await all.seller.settlement.stop();
    await expect(all.buyer.settlement.receive(trade, document, delivery)).rejects.toThrow(
      code('ERR_CONTENT_UNREACHABLE'),
    );
    expect(await all.buyer.settlement.erase(trade.tradeId)).toMatchObject({
      keysDestroyed: 1,
      blocksDeleted: 0,
    });
    const left = (await all.buyer.secrets.entries('settlement/')).map(([key]) => key);
    expect(left).toEqual([`settlement/erased/${bytesToHex(trade.tradeId)}`]);
  });

  it('spares the blocks of other trades', async () => {
    const all = parties();
    const first = await receivedDeal(all);
    const second = await receivedDeal(all, quarterHours({ seed: 8 }));
    await all.seller.settlement.erase(first.trade.tradeId);
    await all.buyer.settlement.erase(first.trade.tradeId);
    const wrapped = await all.seller.settlement.release(second.trade);
    const outcome = await all.buyer.settlement.open(second.trade, second.document, second.delivery, wrapped);
    expect(outcome.kind).toBe('opened');
  });

  it('removes datasets with their salts', async () => {
    const all = parties();
    const { asset } = await all.seller.settlement.addDataset(quarterHours());
    const report = await all.seller.settlement.removeDataset(asset);
    expect(report).toEqual({ secretsDestroyed: 2, unreachable: [] });
    expect(await all.seller.secrets.entries('settlement/')).toEqual([]);
    expect(await all.seller.settlement.removeDataset(asset)).toEqual({
      secretsDestroyed: 0,
      unreachable: [],
    });
  });

  it('really removes blocks from the disk', async () => {
    const all = parties();
    const dir = await mkdtemp(join(tmpdir(), 'edmp-erase-'));
    try {
      const { crypto, environment, seller, buyer } = all;
      const content = await fsContentStore({ dir, crypto, environment });
      void buyer.settlement.stop();
      const settlement = createSettlement({
        crypto,
        environment,
        content,
        secrets: buyer.secrets,
        network: buyer.network,
      });
      const { trade, document, delivery } = await sealedTrade(all);
      await settlement.receive(trade, document, delivery);
      const sealed = await seller.content.get((await manifestOf(seller, delivery)).blocks[0]!);
      expect(await containsBytes(dir, sealed)).toBe(true);
      await settlement.erase(trade.tradeId);
      expect(await containsBytes(dir, sealed)).toBe(false);
      expect(
        (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()),
      ).toEqual([]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

const manifestOf = async (party: Party, delivery: SealedDelivery) =>
  decodeManifest(await party.content.get(delivery.manifest));

async function containsBytes(dir: string, bytes: Uint8Array): Promise<boolean> {
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && contains(await readFile(join(entry.parentPath, entry.name)), bytes)) return true;
  }
  return false;
}
