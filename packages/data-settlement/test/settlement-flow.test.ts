import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  chunkKeys,
  createSettlement,
  decodeManifest,
  encodeManifest,
  encodeProof,
  encodeSealedLeaf,
  inclusionProof,
  networkContentStore,
  settlementRootOf,
  unwrapContentKey,
} from '@edmp/data-settlement';
import { fsContentStore } from '@edmp/data-settlement/fs';
import {
  bytesToHex,
  type ContentStore,
  isEdmpError,
  type KeyValueStore,
  type SealedDelivery,
  type SettlementTrade,
  utf8ToBytes,
} from '@edmp/interface';
import { decode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { craft } from './support/cheat.ts';
import { contains } from './support/contains.ts';
import { quarterHours } from './support/fixtures.ts';
import { type Parties, type Party, parties, receivedDeal } from './support/parties.ts';

const code = (text: string) => expect.objectContaining({ code: text });

/** A party's settlement after its process ended and started again over the same stores. */
function restarted(all: Parties, party: Party): Party {
  void party.settlement.stop();
  const { crypto, environment } = all;
  const { content, secrets, network } = party;
  return { ...party, settlement: createSettlement({ crypto, environment, content, secrets, network }) };
}

async function sealedTrade(all: Parties, days = 1) {
  const { asset, document } = await all.seller.settlement.addDataset(quarterHours({ days }));
  const recipientKey = await all.buyer.settlement.createRecipientKey();
  const trade: SettlementTrade = {
    tradeId: all.crypto.sha256(recipientKey),
    asset,
    seller: all.seller.network.self,
    buyer: all.buyer.network.self,
    recipientKey,
  };
  return { trade, document, delivery: await all.seller.settlement.seal(trade) };
}

describe('a deal from dataset to opened data', () => {
  it('gives the buyer exactly what the seller added', async () => {
    const all = parties();
    const series = quarterHours({ days: 2 });
    const deal = await receivedDeal(all, series);
    const wrapped = await all.seller.settlement.release(deal.trade);
    const outcome = await all.buyer.settlement.open(deal.trade, deal.document, deal.delivery, wrapped);
    expect(outcome).toEqual({ kind: 'opened', document: deal.document, consumption: series.consumption });
    expect(wrapped.length).toBe(80);
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

/** A network that serves nothing, for a second settlement over the same stores. */
const quiet = (party: Party) => ({ ...party.network, handle: () => () => undefined });

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
    const lowOrder = { ...deal.trade, tradeId: new Uint8Array(32).fill(8), recipientKey: new Uint8Array(32) };
    await expect(seller.settlement.seal(lowOrder)).rejects.toThrow(code('ERR_SETTLEMENT_KEY'));
  });
});

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
    const record = await stranger.secrets.get(`settlement/one-time/${bytesToHex(second.trade.recipientKey)}`);
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
    const crafted = await craft(all, buyer.content, quarterHours({ days: 2 }), { chunkBytes: 256 });
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
    const crafted = await craft(all, all.seller.content, quarterHours({ days: 4 }), { chunkBytes: 256 });
    const { crypto, environment, buyer, seller } = all;
    const settlement = createSettlement({
      crypto,
      environment,
      content: buyer.content,
      secrets: buyer.secrets,
      network: quiet(buyer),
      source: () => seller.content,
    });
    const announced = { ...crafted.delivery, bytes: 300 };
    await expect(settlement.receive(crafted.trade, crafted.document, announced)).rejects.toThrow(
      /announced 300 bytes/,
    );
    await settlement.receive(crafted.trade, crafted.document, crafted.delivery);
  });

  it('refuses a manifest with any byte changed', async () => {
    const all = parties();
    const crafted = await craft(all, all.seller.content, quarterHours({ days: 2 }), { chunkBytes: 256 });
    const bytes = await all.seller.content.get(crafted.delivery.manifest);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const fresh = parties();
        const manifest = await fresh.buyer.content.put(0x71, bytes.with(at, bytes[at]! ^ mask));
        const key = await all.buyer.secrets.get(
          `settlement/one-time/${bytesToHex(crafted.trade.recipientKey)}`,
        );
        await fresh.buyer.secrets.set(`settlement/one-time/${bytesToHex(crafted.trade.recipientKey)}`, key!);
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
      recipientKey,
    };
    const deliveries = await Promise.all([1, 2, 3].map(() => all.seller.settlement.seal(trade)));
    expect(new Set(deliveries.map((d) => d.manifest.toString())).size).toBe(1);
    const keys = await Promise.all([1, 2, 3].map(() => all.seller.settlement.release(trade)));
    expect(new Set(keys.map(bytesToHex)).size).toBe(1);
  });
});

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
      unreachable: [],
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
