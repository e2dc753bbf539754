import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSettlement, type DataSettlement, memoryContentStore } from '@edmp/data-settlement';
import { exportCar, importCar, linksOf } from '@edmp/data-settlement/content';
import { gatewayContentStore } from '@edmp/data-settlement/gateway';
import { decodeManifest } from '@edmp/data-settlement/sealing';
import {
  bytesToHex,
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentReader,
  concatBytes,
  type SealedDelivery,
  type SettlementTrade,
  systemEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { contentStoreSuite } from '@edmp/testing';
import { encode } from '@ipld/dag-cbor';
import { base32upper } from 'multiformats/bases/base32';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { contains } from './support/contains.ts';
import { quarterHours } from './support/fixtures.ts';
import { emptied, type KuboDaemon, KuboRpc, kuboDaemon, kuboStore } from './support/kubo.ts';
import { code, type Parties, parties } from './support/parties.ts';

const crypto = nodeCrypto();
const environment = systemEnvironment();
const texts = (cids: readonly CID[]) => cids.map((cid) => cid.toString()).sort();
/** Kubo's datastore knows multihashes only, so its garbage collection names every block as raw. */
const hashes = (cids: readonly CID[]) => cids.map((cid) => bytesToHex(cid.multihash.bytes)).sort();
const memory = () => memoryContentStore({ crypto, environment });
const nonce = () => environment.randomBytes(24);

async function* inPieces(bytes: Uint8Array, length = 1000): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function joined(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concatBytes(...parts);
}

const daemon = kuboDaemon();
if (typeof daemon === 'string')
  describe.skip(`kubo, live: ${daemon}`, () => it('is skipped', () => undefined));
else live(daemon);

function live(daemon: KuboDaemon): void {
  const kubo = new KuboRpc(daemon);
  const open = (more: Parameters<typeof kuboStore>[2] = {}) => kuboStore(daemon, environment, more);
  const gateway = () =>
    gatewayContentStore({
      urls: [daemon.gatewayUrl],
      fetch: (url, init) => fetch(url, init),
      crypto,
      environment,
      timeoutMs: 10_000,
    });

  /** The file of Kubo's flatfs datastore that holds a block. */
  const fileOf = async (cid: CID): Promise<string | undefined> => {
    const blocks = join(await kubo.repository(), 'blocks');
    const name = `${base32upper.baseEncode(cid.multihash.bytes)}.data`;
    const found = (await readdir(blocks, { recursive: true })).find((entry) => entry.endsWith(name));
    return found === undefined ? undefined : join(blocks, found);
  };
  const corrupt = async (cid: CID): Promise<void> => {
    const path = await fileOf(cid);
    if (path === undefined) throw new Error(`Kubo has no file of ${cid}`);
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(7, 0, 3));
  };

  contentStoreSuite({
    name: 'kubo, live',
    async create() {
      const clock = virtualEnvironment();
      const { store, index } = kuboStore(daemon, clock);
      return {
        store,
        advance: (ms) => clock.advance(ms),
        corrupt,
        reopen: async () => kuboStore(daemon, clock, { index }).store,
        close: () => emptied({ store, index }),
      };
    },
  });

  contentStoreSuite({
    name: "gateway client over Kubo's gateway, live",
    async create() {
      const held = open();
      return {
        store: gateway(),
        seed: (codec, bytes) => held.store.put(codec, bytes),
        corrupt,
        close: () => emptied(held),
      };
    },
  });

  describe('kubo, live', () => {
    it('reads, lists and exports what was sealed into it', async () => {
      const held = open();
      const { delivery, manifest, blocks } = await sealedInto(held.store);
      expect(blocks.length).toBeGreaterThan(1);
      for (const cid of [delivery.manifest, ...blocks]) {
        expect(await kubo.block(cid)).toEqual(await held.store.get(cid));
        expect((await kubo.pins()).get(cid.toString())).toBe('direct');
      }
      const [node] = await kubo.lines('dag/get', { arg: delivery.manifest.toString() });
      expect(links(node)).toEqual(texts(linksOf(delivery.manifest, manifest)));

      const copy = memory();
      const report = await importCar(inPieces(await kubo.car(delivery.manifest)), {
        crypto,
        store: copy,
        root: delivery.manifest,
      });
      expect(report).toEqual({ blocks: blocks.length + 1, bytes: delivery.bytes + manifest.length });
      for (const cid of blocks) expect(await copy.get(cid)).toEqual(await held.store.get(cid));
      await emptied(held);
    });

    it('takes our CAR, and gives the same one back', async () => {
      // Of a block under a wrong CID Kubo keeps the bytes under their own, unpinned.
      await kubo.collectGarbage();
      const source = memory();
      const { delivery, blocks } = await sealedInto(source);
      const car = await joined(exportCar(source, delivery.manifest));
      const [answer] = await kubo.lines('dag/import', {}, car);
      expect(answer).toMatchObject({ Root: { Cid: { '/': delivery.manifest.toString() }, PinErrorMsg: '' } });
      const { store } = open();
      for (const cid of [delivery.manifest, ...blocks])
        expect(await store.get(cid)).toEqual(await source.get(cid));
      expect(await kubo.car(delivery.manifest)).toEqual(car);
      await kubo.lines('pin/rm', { arg: delivery.manifest.toString() });
      expect(hashes(await kubo.collectGarbage())).toEqual(hashes([delivery.manifest, ...blocks]));
    });

    it('gives raw blocks and whole CARs over its gateway', async () => {
      const held = open();
      const { delivery, manifest, blocks } = await sealedInto(held.store);
      for (const cid of [delivery.manifest, ...blocks]) {
        expect(await gateway().get(cid)).toEqual(await held.store.get(cid));
      }
      const copy = memory();
      expect(await gateway().fetchAll(delivery.manifest, copy)).toEqual({
        blocks: blocks.length + 1,
        bytes: delivery.bytes + manifest.length,
      });
      for (const cid of blocks) expect(await copy.get(cid)).toEqual(await held.store.get(cid));
      await emptied(held);
      await expect(gateway().get(delivery.manifest)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
      // Kubo answers 200 and a header before it looks for the root, so all that comes is a CAR without blocks.
      await expect(gateway().fetchAll(delivery.manifest, memory())).rejects.toThrow(code('ERR_CONTENT_CAR'));
    });

    it('keeps what is held through its garbage collection, and nothing that was erased', async () => {
      const held = open();
      const before = await kubo.pins();
      const { settlement, trade, delivery, manifest, blocks } = await sealedInto(held.store);
      const [stray] = (await kubo.lines('block/put', { 'cid-codec': 'raw' }, nonce())) as [{ Key: string }];
      expect(hashes(await kubo.collectGarbage())).toEqual(hashes([CID.parse(stray.Key)]));
      for (const cid of [delivery.manifest, ...blocks]) expect(await held.store.get(cid)).toBeDefined();

      const report = await settlement.erase(trade.tradeId);
      expect(report.blocksDeleted).toBe(blocks.length + 1);
      for (const cid of [delivery.manifest, ...blocks]) {
        expect(await kubo.block(cid)).toBeUndefined();
        expect(await fileOf(cid)).toBeUndefined();
      }
      expect(await kubo.pins()).toEqual(before);
      expect(await kubo.collectGarbage()).toEqual([]);
      expect(await holdsBytes(await kubo.repository(), manifest)).toBe(false);
    });

    it('says so when somebody else keeps what should be erased', async () => {
      const held = open();
      const { settlement, trade, delivery, blocks } = await sealedInto(held.store);
      await kubo.lines('pin/add', { arg: delivery.manifest.toString(), recursive: 'true' });
      const report = await settlement.erase(trade.tradeId);
      expect(report.blocksDeleted).toBe(0);
      expect(report.unreachable).toContain(
        `${blocks.length + 1} sealed blocks that another pin of this store keeps`,
      );
      expect(await held.store.has(delivery.manifest)).toBe(true);
      expect(await held.store.collect()).toEqual({ blocks: 0, bytes: 0 });
      expect((await kubo.pins()).get(delivery.manifest.toString())).toBe('recursive');

      await kubo.lines('pin/rm', { arg: delivery.manifest.toString() });
      expect(await held.store.collect()).toMatchObject({ blocks: blocks.length + 1 });
      for (const cid of [delivery.manifest, ...blocks]) expect(await kubo.block(cid)).toBeUndefined();
    });

    it('is caught when its disk is damaged', async () => {
      const held = open();
      const { delivery, blocks } = await sealedInto(held.store);
      const [damaged] = blocks;
      if (damaged === undefined) throw new Error('nothing was sealed');
      const intact = await held.store.get(damaged);
      await corrupt(damaged);
      for (const store of [held.store, gateway()] satisfies ContentReader[]) {
        await expect(store.get(damaged)).rejects.toThrow(code('ERR_CONTENT_HASH'));
        expect(await store.get(delivery.manifest)).toBeDefined();
      }
      const car = inPieces(await kubo.car(delivery.manifest));
      await expect(importCar(car, { crypto, store: memory(), root: delivery.manifest })).rejects.toThrow(
        code('ERR_CONTENT_HASH'),
      );
      await expect(gateway().fetchAll(delivery.manifest, memory())).rejects.toThrow(code('ERR_CONTENT_HASH'));
      await held.store.put(CODEC_RAW, intact);
      expect(await held.store.get(damaged), 'put again').toEqual(intact);
      await emptied(held);
      expect(await kubo.block(damaged)).toBeUndefined();
    });

    it('is waited for only so long when nobody has a block', async () => {
      const { store } = open({ offline: false, timeoutMs: 250 });
      const absent = await memory().put(CODEC_RAW, nonce());
      await expect(store.get(absent)).rejects.toThrow(code('ERR_TIMEOUT'));
      const controller = new AbortController();
      const patient = open({ offline: false }).store.get(absent, { signal: controller.signal });
      const aborted = expect(patient).rejects.toThrow(code('ERR_ABORTED'));
      await untilWanted(kubo, absent);
      controller.abort();
      await aborted;
    });

    it('collects without asking the network for a pinned block that is gone', async () => {
      const held = open({ offline: false, timeoutMs: 5000 });
      const leaf = await held.store.put(CODEC_RAW, nonce());
      const root = await held.store.put(CODEC_DAG_CBOR, encode({ blocks: [leaf] }));
      const loose = await held.store.put(CODEC_RAW, nonce());
      await held.store.pin(root, 'owner');
      await held.store.pin(await memory().put(CODEC_DAG_CBOR, encode({ absent: nonce() })), 'owner');
      expect(await held.store.collect()).toEqual({ blocks: 1, bytes: 24 });
      expect(await held.store.has(loose)).toBe(false);
      await emptied(held);
    });

    // The last one: there is no daemon afterwards.
    it('gives typed errors when it dies in the middle of a request, and ever after', async () => {
      const { store } = open({ offline: false });
      const present = await store.put(CODEC_RAW, nonce());
      const absent = await memory().put(CODEC_RAW, nonce());
      const failed = expect(store.get(absent)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
      await untilWanted(kubo, absent);
      process.kill(daemon.pid, 'SIGKILL');
      await failed;
      await expect(store.get(present)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
      await expect(store.put(CODEC_RAW, nonce())).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
      await expect(store.collect()).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
      expect(await store.has(present), 'what could not be deleted is still listed').toBe(true);
      await expect(gateway().get(present)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    });
  });
}

interface Sealed {
  readonly settlement: DataSettlement;
  readonly trade: SettlementTrade;
  readonly delivery: SealedDelivery;
  readonly manifest: Uint8Array;
  readonly blocks: readonly CID[];
}

let deals = 0;

/** A seller's delivery, sealed into `content`. No two deals have a block in common. */
async function sealedInto(content: Parties['seller']['content']): Promise<Sealed> {
  const all = parties(++deals + (environment.now() % 1_000_000) * 100);
  const { crypto, environment: clock, seller, buyer } = all;
  await seller.settlement.stop();
  const settlement = createSettlement({ ...seller, crypto, environment: clock, content });
  const { asset } = await settlement.addDataset(quarterHours({ days: 60 }));
  const recipientKey = await buyer.settlement.createRecipientKey();
  const trade: SettlementTrade = {
    tradeId: crypto.sha256(recipientKey),
    asset,
    seller: seller.network.self,
    buyer: buyer.network.self,
    suite: 'x-wing',
    recipientKey,
  };
  const delivery = await settlement.seal(trade);
  const manifest = await content.get(delivery.manifest);
  return { settlement, trade, delivery, manifest, blocks: decodeManifest(manifest).blocks };
}

/** Links anywhere in dag-json, sorted. */
function links(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return [];
  const link = (node as { readonly '/'?: unknown })['/'];
  return typeof link === 'string' ? [link] : Object.values(node).flatMap(links).sort();
}

async function holdsBytes(folder: string, bytes: Uint8Array): Promise<boolean> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && contains(await readFile(join(entry.parentPath, entry.name)), bytes)) return true;
  }
  return false;
}

/** Waits until a request for `cid` has reached the daemon. */
async function untilWanted(kubo: KuboRpc, cid: CID): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) if ((await kubo.wanted()).includes(cid.toString())) return;
  throw new Error(`Nobody asked the daemon for ${cid}`);
}
