import { createSettlement, memoryContentStore, networkContentStore } from '@edmp/data-settlement';
import { bytesToHex, type ContentReader, type ContentStore } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import type { BulkContentReader } from '../src/store/network.ts';
import { quarterHours } from './support/fixtures.ts';
import { code, parties, quiet, receivedDeal, sealedTrade } from './support/parties.ts';

/** A year, and a buyer whose reads stop when `stopAt` blocks came, until `goOn` or until they are called off. */
async function fetching(stopAt: number, heedsSignals: boolean) {
  const all = parties();
  const { trade, document, delivery } = await sealedTrade(all, 365);
  let read = 0;
  let goOn = (): void => undefined;
  let stopped = (): void => undefined;
  const isStopped = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const resumed = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const source: ContentReader = {
    async get(cid, options) {
      if (read++ === stopAt) {
        stopped();
        await new Promise<void>((resolve, reject) => {
          void resumed.then(resolve);
          if (heedsSignals) options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
        });
      }
      return all.seller.content.get(cid);
    },
  };
  const content: ContentStore = memoryContentStore(all);
  const { crypto, environment, buyer } = all;
  const settlement = createSettlement({
    crypto,
    environment,
    content,
    secrets: buyer.secrets,
    network: quiet(buyer),
    source: () => source,
  });
  const receiving = settlement.receive(trade, document, delivery);
  const outcome = receiving.then(
    () => 'received',
    (error: { readonly code: string }) => error.code,
  );
  return { all, trade, document, delivery, settlement, content, outcome, isStopped, goOn: () => goOn() };
}

describe('erasing a trade while its data is fetched', () => {
  it.each([
    [0, true],
    [1, true],
    [7, true],
    [0, false],
    [7, false],
  ])('ends the fetch at block %i and leaves nothing (source heeds signals: %s)', async (stopAt, heeds) => {
    const run = await fetching(stopAt, heeds);
    await run.isStopped;
    const erasing = run.settlement.erase(run.trade.tradeId);
    if (!heeds) run.goOn();
    expect(await run.outcome).toBe('ERR_SETTLEMENT_UNKNOWN_TRADE');
    const report = await erasing;
    expect(report.keysDestroyed).toBe(1);
    const left = async () => {
      const blocks: string[] = [];
      for await (const cid of run.content.list()) blocks.push(cid.toString());
      return [blocks, (await run.all.buyer.secrets.entries('settlement/')).map(([key]) => key)];
    };
    const mark = `settlement/erased/${bytesToHex(run.trade.tradeId)}`;
    expect(await left()).toEqual([[], [mark]]);
    // What comes too late finds nobody: also once everything of it has run out.
    run.goOn();
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    await run.all.environment.advance(200_000);
    expect(await left()).toEqual([[], [mark]]);
    await expect(run.settlement.receive(run.trade, run.document, run.delivery)).rejects.toThrow(
      code('ERR_SETTLEMENT_UNKNOWN_TRADE'),
    );
    expect(await left()).toEqual([[], [mark]]);
  });

  it.each([0, 1, 7])(
    'does not wait for ever for a source that ignores its signal, and keeps nothing that it brings later (block %i)',
    async (stopAt) => {
      const run = await fetching(stopAt, false);
      await run.isStopped;
      const { environment, buyer } = run.all;
      const began = environment.now();
      await environment.run(run.settlement.erase(run.trade.tradeId));
      expect(environment.now() - began).toBeLessThanOrEqual(15_000);
      expect(await run.outcome).toBe('ERR_SETTLEMENT_UNKNOWN_TRADE');
      const left = async () => {
        const blocks: string[] = [];
        for await (const cid of run.content.list()) blocks.push(cid.toString());
        return [blocks, (await buyer.secrets.entries('settlement/')).map(([key]) => key)];
      };
      const nothing = [[], [`settlement/erased/${bytesToHex(run.trade.tradeId)}`]];
      expect(await left()).toEqual(nothing);
      run.goOn();
      for (let turn = 0; turn < 1_000; turn++) await Promise.resolve();
      await environment.advance(200_000);
      expect(await left()).toEqual(nothing);
      // Another trade is fetched meanwhile as ever.
      const next = await sealedTrade(run.all, 1);
      await run.settlement.receive(next.trade, next.document, next.delivery);
    },
  );

  it('on the side of the seller ends the fetch of the buyer with a typed error', async () => {
    const all = parties();
    const { trade, document, delivery } = await sealedTrade(all, 365);
    const { crypto, environment, buyer, seller } = all;
    let blocks = 0;
    const settlement = createSettlement({
      crypto,
      environment,
      content: buyer.content,
      secrets: buyer.secrets,
      network: quiet(buyer),
      source: (_, root): BulkContentReader => {
        const inner = networkContentStore({
          network: buyer.network,
          crypto,
          peer: seller.network.self,
          root,
        });
        return {
          get: inner.get,
          async *getMany(cids, options) {
            for await (const bytes of inner.getMany(cids, options)) {
              if (++blocks === 5) await seller.settlement.erase(trade.tradeId);
              yield bytes;
            }
          },
        };
      },
    });
    await expect(settlement.receive(trade, document, delivery)).rejects.toThrow(
      code('ERR_CONTENT_NOT_FOUND'),
    );
    expect(blocks).toBeGreaterThanOrEqual(5);
    expect(blocks).toBeLessThan(delivery.chunks);
    for await (const cid of all.seller.content.list()) throw new Error(`${cid} is still there`);
    // The buyer erases what it has got so far.
    await settlement.erase(trade.tradeId);
    for await (const cid of all.buyer.content.list()) throw new Error(`${cid} is still there`);
  });

  it('calls off an opening, and keeps nothing of it', async () => {
    const all = parties();
    const deal = await receivedDeal(all, quarterHours({ days: 365 }));
    const wrapped = await all.seller.settlement.release(deal.trade);
    const { settlement } = all.buyer;
    const opening = settlement.open(deal.trade, deal.document, deal.delivery, wrapped).then(
      ({ kind }) => kind,
      (error: { readonly code: string }) => error.code,
    );
    await Promise.resolve();
    const erasing = settlement.erase(deal.trade.tradeId);
    expect(await opening).toBe('ERR_SETTLEMENT_UNKNOWN_TRADE');
    await erasing;
    const left = (await all.buyer.secrets.entries('settlement/')).map(([key]) => key);
    expect(left).toEqual([`settlement/erased/${bytesToHex(deal.trade.tradeId)}`]);
    for await (const cid of all.buyer.content.list()) throw new Error(`${cid} is still there`);
  });
});
