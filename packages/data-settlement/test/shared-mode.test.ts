import { networkContentStore } from '@edmp/data-settlement';
import { inclusionProof } from '@edmp/data-settlement/dataset';
import { encodeProof } from '@edmp/data-settlement/proof';
import { chunkKeys, decodeManifest, encodeSealedLeaf, unwrapContentKey } from '@edmp/data-settlement/sealing';
import { bytesToHex, type SettlementTrade } from '@edmp/interface';
import { decode } from '@ipld/dag-cbor';
import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';
import { code, type Party, parties } from './support/parties.ts';

describe('a dataset sealed once for all buyers', () => {
  async function twoDeals() {
    const all = parties();
    const series = { ...quarterHours({ days: 2 }), mode: 'shared' as const };
    const { asset, document } = await all.seller.settlement.addDataset(series);
    const deal = async (buyer: Party) => {
      const recipientKey = await buyer.settlement.createRecipientKey();
      const trade: SettlementTrade = {
        tradeId: all.crypto.sha256(recipientKey),
        asset,
        seller: all.seller.network.self,
        buyer: buyer.network.self,
        suite: 'x-wing',
        recipientKey,
      };
      return { trade, document, delivery: await all.seller.settlement.seal(trade) };
    };
    return { all, series, document, first: await deal(all.buyer), second: await deal(all.stranger) };
  }

  it('gives every buyer the same blocks and a key wrapped for it alone', async () => {
    const { all, series, document, first, second } = await twoDeals();
    expect(second.delivery).toEqual(first.delivery);
    const { buyer, stranger, seller } = all;
    await buyer.settlement.receive(first.trade, document, first.delivery);
    await stranger.settlement.receive(second.trade, document, second.delivery);
    const [one, two] = [
      await seller.settlement.release(first.trade),
      await seller.settlement.release(second.trade),
    ];
    expect(bytesToHex(one)).not.toBe(bytesToHex(two));
    expect(await buyer.settlement.open(first.trade, document, first.delivery, one)).toMatchObject({
      kind: 'opened',
      consumption: series.consumption,
    });
    expect(await stranger.settlement.open(second.trade, document, second.delivery, one)).toMatchObject({
      kind: 'misbehaviour',
    });
    expect(await stranger.settlement.open(second.trade, document, second.delivery, two)).toMatchObject({
      kind: 'opened',
    });
  });

  it('cannot be used to frame its seller, and stays deliverable when another trade is erased', async () => {
    const { all, document, first, second } = await twoDeals();
    const { seller, stranger } = all;
    const erased = await seller.settlement.erase(first.trade.tradeId);
    expect(erased).toMatchObject({ keysDestroyed: 0, blocksDeleted: 0 });
    expect(erased.unreachable.join()).toContain('content key of a dataset');
    await stranger.settlement.receive(second.trade, document, second.delivery);
    const wrappedKey = await seller.settlement.release(second.trade);
    const manifest = decodeManifest(await stranger.content.get(second.delivery.manifest));
    const record = await stranger.secrets.get(
      `settlement/one-time/${bytesToHex(all.crypto.sha256(second.trade.recipientKey))}`,
    );
    const { settlementRoot } = second.delivery;
    const contentKey = unwrapContentKey(all.crypto, {
      tradeId: second.trade.tradeId,
      settlementRoot,
      secretKey: decode<{ secret: Uint8Array }>(record!).secret,
      wrappedKey,
    });
    const sealedLeaves = manifest.leaves.map(encodeSealedLeaf);
    const accusation = encodeProof({
      kind: 'wrong-data',
      check: { index: 0, leaf: sealedLeaves[0]!, path: inclusionProof(all.crypto, sealedLeaves, 0) },
      ciphertext: await stranger.content.get(manifest.blocks[0]!),
      key: chunkKeys(all.crypto, contentKey)(0),
    });
    const verdict = stranger.settlement.judge(
      { ...second.trade, document, settlementRoot, wrappedKey },
      accusation,
    );
    expect(verdict).toMatchObject({ guilty: false, reason: expect.stringContaining('opens to the data') });
    const outcome = await stranger.settlement.open(second.trade, document, second.delivery, wrappedKey);
    expect(outcome.kind).toBe('opened');
  });

  it('is served to its buyers only', async () => {
    const { all, first } = await twoDeals();
    await all.seller.settlement.erase(first.trade.tradeId);
    const reader = (party: Party) =>
      networkContentStore({
        network: party.network,
        crypto: all.crypto,
        peer: all.seller.network.self,
        root: first.delivery.manifest,
      });
    await expect(reader(all.buyer).get(first.delivery.manifest)).rejects.toThrow(
      code('ERR_CONTENT_NOT_FOUND'),
    );
    expect((await reader(all.stranger).get(first.delivery.manifest)).length).toBeGreaterThan(50);
  });
});
