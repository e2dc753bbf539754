import { createSettlement } from '@edmp/data-settlement';
import { sealedBytes } from '@edmp/data-settlement/dataset';
import { decodeManifest, encodeManifest, settlementRootOf } from '@edmp/data-settlement/sealing';
import { bytesToHex, CODEC_RAW, isEdmpError, type SealedDelivery } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { craft } from './support/cheat.ts';
import { quarterHours } from './support/fixtures.ts';
import { code, parties, quiet, sealedTrade } from './support/parties.ts';

describe('what a buyer refuses before paying', () => {
  it('refuses a delivery that differs from the promise in any part', async () => {
    const all = parties();
    const { trade, document, delivery } = await sealedTrade(all, 3);
    const other = await sealedTrade(all, 2);
    const attempt = (d: Partial<SealedDelivery>, doc = document, t = trade) =>
      all.buyer.settlement.receive(t, doc, { ...delivery, ...d });
    const refused = expect.objectContaining({ code: 'ERR_SETTLEMENT_DELIVERY' });
    await expect(attempt({ settlementRoot: new Uint8Array(32) })).rejects.toThrow(refused);
    await expect(attempt({ chunks: delivery.chunks + 1 })).rejects.toThrow(refused);
    await expect(attempt({ bytes: delivery.bytes - 1 })).rejects.toThrow(refused);
    await expect(attempt({ bytes: delivery.bytes + 1 })).rejects.toThrow(refused);
    await expect(attempt({ bytes: 2 ** 40 })).rejects.toThrow(refused);
    await expect(attempt({}, other.document)).rejects.toThrow(refused);
    await expect(attempt({ manifest: other.delivery.manifest })).rejects.toThrow(refused);
    await all.buyer.settlement.receive(trade, document, delivery);
  });

  it('refuses a manifest that gives the right root for other data or another number of chunks', async () => {
    const all = parties();
    const { crypto, buyer } = all;
    const crafted = await craft(all, buyer.content, quarterHours({ days: 40 }));
    const manifest = decodeManifest(await buyer.content.get(crafted.delivery.manifest));
    const attempt = async (blocks: typeof manifest.blocks, leaves: typeof manifest.leaves) =>
      buyer.settlement.receive(crafted.trade, crafted.document, {
        ...crafted.delivery,
        settlementRoot: settlementRootOf(crypto, leaves),
        manifest: await buyer.content.put(0x71, encodeManifest({ ...manifest, blocks, leaves })),
      });
    const other = manifest.leaves.map((leaf) => ({ ...leaf, dataLeaf: leaf.keyCommitment }));
    await expect(attempt(manifest.blocks, other)).rejects.toThrow(/other data/);
    const [block, leaf] = [manifest.blocks[0]!, manifest.leaves[0]!];
    await expect(attempt([...manifest.blocks, block], [...manifest.leaves, leaf])).rejects.toThrow(/lists/);
  });

  it('stops a seller that sends more than it announced', async () => {
    const all = parties();
    const padded = { ciphertext: (_: number, sealed: Uint8Array) => Uint8Array.from([...sealed, 0]) };
    const crafted = await craft(all, all.seller.content, quarterHours({ days: 4 }), padded);
    const { crypto, environment, buyer, seller } = all;
    const settlement = createSettlement({
      crypto,
      environment,
      content: buyer.content,
      secrets: buyer.secrets,
      network: quiet(buyer),
      source: () => seller.content,
    });
    const { trade, document, delivery } = crafted;
    await expect(settlement.receive(trade, document, delivery)).rejects.toThrow(/1964 bytes are announced/);
    const honest = { ...delivery, bytes: sealedBytes(document) };
    await expect(settlement.receive(trade, document, honest)).rejects.toThrow(/chunk 0 has 1964 bytes/);
    // Nor is it taken from what is held already.
    await buyer.content.put(CODEC_RAW, await seller.content.get(crafted.blocks[0]!));
    await expect(settlement.receive(trade, document, honest)).rejects.toThrow(/chunk 0 has 1964 bytes/);
  });

  it('refuses a manifest with any byte changed', async () => {
    const all = parties();
    const crafted = await craft(all, all.seller.content, quarterHours({ days: 40 }));
    const bytes = await all.seller.content.get(crafted.delivery.manifest);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const fresh = parties();
        const manifest = await fresh.buyer.content.put(0x71, bytes.with(at, bytes[at]! ^ mask));
        const key = await all.buyer.secrets.get(
          `settlement/one-time/${bytesToHex(all.crypto.sha256(crafted.trade.recipientKey))}`,
        );
        await fresh.buyer.secrets.set(
          `settlement/one-time/${bytesToHex(all.crypto.sha256(crafted.trade.recipientKey))}`,
          key!,
        );
        const outcome = fresh.buyer.settlement.receive(crafted.trade, crafted.document, {
          ...crafted.delivery,
          manifest,
        });
        await expect(outcome).rejects.toSatisfy(
          (error: unknown) =>
            isEdmpError(error, 'ERR_SETTLEMENT_FORMAT') || isEdmpError(error, 'ERR_SETTLEMENT_DELIVERY'),
        );
      }),
      { numRuns: 300 },
    );
    expect(encodeManifest(decodeManifest(bytes))).toEqual(bytes);
  });

  it('refuses blocks that are altered on the way, and can go on after the fault is gone', async () => {
    const all = parties();
    const { trade, document, delivery } = await sealedTrade(all, 3);
    const { buyer } = all;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        buyer.network.tamper = (frame) => {
          const i = at % frame.length;
          return frame.with(i, frame[i]! ^ mask);
        };
        await expect(buyer.settlement.receive(trade, document, delivery)).rejects.toSatisfy(
          (error: unknown) => isEdmpError(error),
        );
      }),
      { numRuns: 100 },
    );
    buyer.network.tamper = undefined;
    await buyer.settlement.receive(trade, document, delivery);
  });

  it('is told when the seller is away, and can be stopped', async () => {
    const all = parties();
    const { trade, document, delivery } = await sealedTrade(all);
    await all.seller.settlement.stop();
    await expect(all.buyer.settlement.receive(trade, document, delivery)).rejects.toThrow(
      code('ERR_CONTENT_UNREACHABLE'),
    );
    const signal = AbortSignal.abort();
    await expect(all.buyer.settlement.receive(trade, document, delivery, { signal })).rejects.toThrow(
      code('ERR_ABORTED'),
    );
    await expect(all.seller.settlement.seal(trade, { signal })).rejects.toThrow(code('ERR_ABORTED'));
  });

  it('gives up on a source that never answers', async () => {
    const all = parties();
    const { trade, document, delivery } = await sealedTrade(all);
    const { crypto, environment, buyer } = all;
    const waiting = createSettlement({
      crypto,
      environment,
      content: buyer.content,
      secrets: buyer.secrets,
      network: quiet(buyer),
      source: () => ({ get: () => new Promise(() => undefined) }),
      fetchTimeoutMs: 5_000,
    });
    const before = environment.now();
    await expect(environment.run(waiting.receive(trade, document, delivery))).rejects.toThrow(
      code('ERR_TIMEOUT'),
    );
    expect(environment.now() - before).toBe(5_000);
  });
});
