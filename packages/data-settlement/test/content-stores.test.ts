import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { memoryContentStore, networkContentStore, serveContent } from '@edmp/data-settlement';
import { layeredContentStore, linksOf } from '@edmp/data-settlement/content';
import { fsContentStore } from '@edmp/data-settlement/fs';
import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentReader,
  utf8ToBytes,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { contentStoreSuite } from '@edmp/testing';
import { encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import type { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { directNetworks } from './support/direct-network.ts';
import { killedBlock } from './support/killed-blocks.ts';

const crypto = nodeCrypto();
const code = (text: string) => expect.objectContaining({ code: text });

contentStoreSuite({
  name: 'memory',
  async create() {
    const environment = virtualEnvironment();
    const store = memoryContentStore({ crypto, environment });
    return { store, advance: (ms) => environment.advance(ms), close: () => store.close() };
  },
});

async function fileHarness() {
  const environment = virtualEnvironment();
  const dir = await mkdtemp(join(tmpdir(), 'edmp-content-'));
  let store = await fsContentStore({ dir, crypto, environment });
  const pathOf = (cid: CID): string => join(dir, 'blocks', cid.toString().slice(-3, -1), cid.toString());
  return {
    store,
    dir,
    pathOf,
    environment,
    advance: (ms: number) => environment.advance(ms),
    async corrupt(cid: CID) {
      const bytes = await readFile(pathOf(cid));
      await writeFile(pathOf(cid), bytes.fill(0, 0, 1).fill(255, 1, 2));
    },
    async reopen() {
      await store.close();
      store = await fsContentStore({ dir, crypto, environment });
      return store;
    },
    async close() {
      await store.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

contentStoreSuite({ name: 'file system', create: fileHarness });

contentStoreSuite({
  name: 'layered over memory',
  async create() {
    const environment = virtualEnvironment();
    const store = layeredContentStore({
      local: memoryContentStore({ crypto, environment }),
      remote: [memoryContentStore({ crypto, environment })],
    });
    return { store, advance: (ms) => environment.advance(ms), close: () => store.close() };
  },
});

describe('file system store', () => {
  it('repairs a damaged block when it is put again', async () => {
    const harness = await fileHarness();
    try {
      const bytes = utf8ToBytes('a block that will be damaged');
      const cid = await harness.store.put(CODEC_RAW, bytes);
      await harness.corrupt(cid);
      await expect(harness.store.get(cid)).rejects.toThrow(code('ERR_CONTENT_HASH'));
      await harness.store.put(CODEC_RAW, bytes);
      expect(await harness.store.get(cid)).toEqual(bytes);
    } finally {
      await harness.close();
    }
  });

  it('sweeps half-written files of a crash and ignores strangers in its directories', async () => {
    const harness = await fileHarness();
    try {
      await writeFile(join(harness.dir, 'tmp', '17'), 'half a block');
      const cid = await harness.store.put(CODEC_RAW, utf8ToBytes('whole'));
      await writeFile(join(harness.pathOf(cid), '..', 'README'), 'not a block');
      await writeFile(join(harness.dir, 'blocks', 'stray'), 'not a shard');
      const again = await harness.reopen();
      expect(await readdir(join(harness.dir, 'tmp'))).toEqual([]);
      const listed = [];
      for await (const held of again.list()) listed.push(held.toString());
      expect(listed).toEqual([cid.toString()]);
    } finally {
      await harness.close();
    }
  });

  it('has every block that it said was stored when it is killed, and no half ones', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'edmp-killed-'));
    try {
      const program = new URL('./support/put-until-killed.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, ['--conditions=edmp-source', program, dir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let stored = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        stored = Number(line);
        if (stored >= 120) child.kill('SIGKILL');
      }
      expect(stored).toBeGreaterThanOrEqual(120);
      const store = await fsContentStore({ dir, crypto, environment: virtualEnvironment() });
      for (let i = 0; i < stored; i++) {
        const { cid, bytes } = killedBlock(i);
        expect(await store.get(cid)).toEqual(bytes);
      }
      for await (const cid of store.list()) await store.get(cid);
      expect(await readdir(join(dir, 'tmp'))).toEqual([]);
      await store.close();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('keeps the others when one of many blocks cannot be written', async () => {
    const harness = await fileHarness();
    try {
      const blocks = Array.from({ length: 30 }, (_, i) => killedBlock(i));
      const bad = blocks[7]!;
      // A folder stands where its file would be.
      await mkdir(join(harness.pathOf(bad.cid), 'in the way'), { recursive: true });
      const results = await Promise.allSettled(
        blocks.map(({ bytes }) => harness.store.put(CODEC_RAW, bytes)),
      );
      expect(results.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))).toEqual([7]);
      for (const { cid, bytes } of blocks)
        if (cid !== bad.cid) expect(await harness.store.get(cid)).toEqual(bytes);
      await expect(harness.store.putMany!(blocks)).rejects.toThrow();
    } finally {
      await harness.close();
    }
  });

  it('refuses a file grown past the limit without reading it', async () => {
    const harness = await fileHarness();
    try {
      const cid = await harness.store.put(CODEC_RAW, utf8ToBytes('small'));
      await writeFile(harness.pathOf(cid), new Uint8Array(3 << 20));
      await expect(harness.store.get(cid)).rejects.toThrow(code('ERR_CONTENT_TOO_LARGE'));
    } finally {
      await harness.close();
    }
  });
});

describe('layered store', () => {
  const environment = virtualEnvironment();
  const memory = () => memoryContentStore({ crypto, environment });

  it('keeps what a remote source gives, and passes over damaged and failing ones', async () => {
    const [local, good] = [memory(), memory()];
    const bytes = utf8ToBytes('somewhere');
    const cid = await good.put(CODEC_RAW, bytes);
    const failing: ContentReader = {
      get: async () => {
        throw Object.assign(new Error('down'), { code: 'ERR_CONTENT_UNREACHABLE' });
      },
    };
    const store = layeredContentStore({ local, remote: [failing, memory(), good] });
    expect(await store.has(cid)).toBe(false);
    expect(await store.get(cid)).toEqual(bytes);
    expect(await local.has(cid)).toBe(true);
    const nowhere = layeredContentStore({ local: memory(), remote: [memory(), failing] });
    await expect(nowhere.get(cid)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
  });
});

describe('content protocol', () => {
  async function served(authorize: (root: CID) => boolean = () => true) {
    const environment = virtualEnvironment();
    const store = memoryContentStore({ crypto, environment });
    const [server, client] = directNetworks(2);
    const inside = await store.put(CODEC_RAW, utf8ToBytes('inside'));
    const root = await store.put(CODEC_DAG_CBOR, encode({ blocks: [inside] }));
    const outside = await store.put(CODEC_RAW, utf8ToBytes('outside'));
    const stop = serveContent({ network: server!, store, authorize: async (_, cid) => authorize(cid) });
    const reader = networkContentStore({ network: client!, crypto, peer: server!.self, root });
    return { reader, root, inside, outside, client: client!, server: server!, stop, store };
  }

  it('gives the manifest and what it links to, and nothing else', async () => {
    const { reader, root, inside, outside } = await served();
    expect(await reader.get(inside)).toEqual(utf8ToBytes('inside'));
    expect((await reader.get(root)).length).toBeGreaterThan(36);
    await expect(reader.get(outside)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
  });

  it('answers an unauthorised peer as if nothing were there', async () => {
    const { reader, root, inside } = await served(() => false);
    for (const cid of [root, inside]) {
      await expect(reader.get(cid)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
    }
  });

  it('takes neither altered, missing, extra nor oversized blocks', async () => {
    const { reader, inside, root, client } = await served();
    client.tamper = (frame) => frame.with(2, frame[2]! ^ 1);
    await expect(reader.get(inside)).rejects.toThrow(code('ERR_CONTENT_HASH'));
    client.tamper = () => undefined;
    await expect(reader.get(inside)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    client.tamper = () => new Uint8Array(0);
    await expect(reader.get(inside)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
    client.tamper = (frame, index) => (index === 0 ? frame : undefined);
    const many = async () => {
      for await (const _ of reader.getMany([root, inside])) void _;
    };
    await expect(many()).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
  });

  it('maps an unreachable peer and an aborted call', async () => {
    const { reader, inside, stop } = await served();
    stop();
    await expect(reader.get(inside)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
  });

  it('fetches several hundred blocks in order with few requests', async () => {
    const environment = virtualEnvironment();
    const store = memoryContentStore({ crypto, environment });
    const [server, client] = directNetworks(2);
    const cids: CID[] = [];
    for (let i = 0; i < 600; i++) cids.push(await store.put(CODEC_RAW, utf8ToBytes(`block ${i}`)));
    const root = await store.put(CODEC_DAG_CBOR, encode(cids));
    serveContent({ network: server!, store, authorize: async () => true });
    const reader = networkContentStore({ network: client!, crypto, peer: server!.self, root });
    let i = 0;
    for await (const bytes of reader.getMany(cids)) expect(bytes).toEqual(utf8ToBytes(`block ${i++}`));
    expect(i).toBe(600);
    expect(client!.requests).toBe(3);
  });

  it('answers rubbish with a typed error', async () => {
    const { client, server } = await served();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (body) => {
        const ask = async () => {
          for await (const _ of client.request(server.self, '/edmp/content/1', body)) void _;
        };
        await expect(ask()).rejects.toThrow(code('ERR_NETWORK_REMOTE'));
      }),
      { numRuns: 200 },
    );
  });
});

describe('linksOf', () => {
  it('walks maps and lists in order and treats what is not dag-cbor as a leaf', async () => {
    const store = memoryContentStore({ crypto, environment: virtualEnvironment() });
    const [a, b] = [
      await store.put(CODEC_RAW, utf8ToBytes('a')),
      await store.put(CODEC_RAW, utf8ToBytes('b')),
    ];
    const bytes = encode({ x: [b, { y: a }], text: 'no link', none: null });
    const cid = await store.put(CODEC_DAG_CBOR, bytes);
    expect(linksOf(cid, bytes).map(String)).toEqual([b, a].map(String));
    expect(linksOf(a, bytes)).toEqual([]);
    expect(linksOf(cid, new Uint8Array([255]))).toEqual([]);
  });
});
