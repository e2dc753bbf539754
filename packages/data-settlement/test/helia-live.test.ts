import { Socket } from 'node:net';
import { memoryContentStore } from '@edmp/data-settlement';
import {
  blockstoreContentStore,
  cidOf,
  contentBlockstore,
  exportCar,
  importCar,
  linksOf,
} from '@edmp/data-settlement/content';
import {
  CODEC_RAW,
  type ContentStore,
  concatBytes,
  memoryKeyValueStore,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { contentStoreSuite } from '@edmp/testing';
import { car } from '@helia/car';
import { CarReader } from '@ipld/car';
import * as dagCbor from '@ipld/dag-cbor';
import { createHeliaLight } from 'helia';
import type { CID } from 'multiformats/cid';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { quarterHours } from './support/fixtures.ts';
import { type Parties, parties, receivedDeal } from './support/parties.ts';

const crypto = nodeCrypto();

/** Helia as facts/settlement.md wants it: no libp2p, no router, nobody to ask. */
async function light(content?: ContentStore) {
  const blockstore = content === undefined ? {} : { blockstore: contentBlockstore(content) };
  const helia = await createHeliaLight({ ...blockstore, codecs: [dagCbor] }).start();
  onTestFinished(async () => {
    await helia.stop();
  });
  return helia;
}

async function joined(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concatBytes(...parts);
}

async function* inPieces(bytes: Uint8Array, length = 1000): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** A sealed dataset of some chunks in a seller's store. */
async function sealed(): Promise<{
  readonly all: Parties;
  readonly root: CID;
  readonly blocks: readonly CID[];
  readonly car: Uint8Array;
}> {
  const all = parties();
  const { delivery } = await receivedDeal(all, quarterHours({ days: 60 }));
  const root = delivery.manifest;
  const blocks = linksOf(root, await all.seller.content.get(root));
  expect(blocks.length).toBeGreaterThan(1);
  return { all, root, blocks, car: await joined(exportCar(all.seller.content, root)) };
}

describe('Helia 7', () => {
  it('reads a sealed dataset out of our store, and asks nobody', async () => {
    const connecting = vi.spyOn(Socket.prototype, 'connect');
    const fetching = vi.spyOn(globalThis, 'fetch');
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const { all, root, blocks, car: expected } = await sealed();
    const helia = await light(all.seller.content);
    for (const cid of [root, ...blocks]) {
      expect(await joined(helia.blockstore.get(cid))).toEqual(await all.seller.content.get(cid));
    }
    expect(await joined(car(helia).export(root))).toEqual(expected);
    const absent = cidOf(crypto, CODEC_RAW, all.environment.randomBytes(8));
    await expect(joined(helia.blockstore.get(absent, { offline: true }))).rejects.toMatchObject({
      name: 'BlockNotFoundWhileOfflineError',
    });
    const held: string[] = [];
    for await (const { cid } of helia.blockstore.getAll()) held.push(cid.toString());
    expect(held.sort()).toEqual([root, ...blocks].map(String).sort());
    expect(connecting).not.toHaveBeenCalled();
    expect(fetching).not.toHaveBeenCalled();
  });

  it('takes our CAR and gives the same bytes back, into and out of its own store', async () => {
    const { root, blocks, all, car: ours } = await sealed();
    const helia = await light();
    await car(helia).import(await CarReader.fromBytes(ours));
    const theirs = await joined(car(helia).export(root));
    expect(theirs).toEqual(ours);
    const copy = memoryContentStore({ crypto, environment: all.environment });
    await importCar(inPieces(theirs), { crypto, store: copy, root });
    for (const cid of [root, ...blocks])
      expect(await copy.get(cid)).toEqual(await all.seller.content.get(cid));
  });

  it('stores a CAR in our store, which keeps only blocks that fit their names', async () => {
    const { root, all, car: ours } = await sealed();
    const copy = memoryContentStore({ crypto, environment: all.environment });
    const helia = await light(copy);
    await car(helia).import(await CarReader.fromBytes(ours));
    expect(await joined(exportCar(copy, root))).toEqual(ours);
    const absent = cidOf(crypto, CODEC_RAW, Uint8Array.of(2));
    await expect(helia.blockstore.put(absent, Uint8Array.of(1))).rejects.toMatchObject({
      code: 'ERR_CONTENT_HASH',
    });
    await expect(helia.blockstore.delete(root)).rejects.toMatchObject({ code: 'ERR_CONTENT_READ_ONLY' });
    expect(await joined(helia.blockstore.get(root))).toEqual(await copy.get(root));
  });
});

contentStoreSuite({
  name: "Helia's blockstore",
  async create() {
    const environment = virtualEnvironment();
    const helia = await createHeliaLight().start();
    const index = memoryKeyValueStore();
    const open = () => blockstoreContentStore({ blockstore: helia.blockstore, index, crypto, environment });
    return {
      store: open(),
      advance: (ms) => environment.advance(ms),
      corrupt: async (cid) => {
        const bytes = await joined(helia.blockstore.get(cid));
        // It keeps what it has under a name.
        await helia.blockstore.delete(cid);
        await helia.blockstore.put(cid, bytes.fill(7, 0, 3));
      },
      reopen: async () => open(),
      close: async () => {
        await helia.stop();
      },
    };
  },
});
