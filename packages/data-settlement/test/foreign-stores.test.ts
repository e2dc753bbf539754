import {
  type BlockstoreLike,
  blockstoreContentStore,
  cidOf,
  type KuboFetch,
  kuboContentStore,
} from '@edmp/data-settlement/content';
import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  memoryKeyValueStore,
  utf8ToBytes,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { contentStoreSuite } from '@edmp/testing';
import { encode } from '@ipld/dag-cbor';
import { describe, expect, it } from 'vitest';

const crypto = nodeCrypto();
const code = (text: string) => expect.objectContaining({ code: text });

/** A blockstore as `interface-blockstore` 7 has it: `get` gives a generator, absence is a `NotFoundError`. */
function memoryBlockstore(): BlockstoreLike & { readonly held: Map<string, Uint8Array> } {
  const held = new Map<string, Uint8Array>();
  return {
    held,
    async *get(cid) {
      const bytes = held.get(cid.toString());
      if (bytes === undefined) throw Object.assign(new Error('Not Found'), { name: 'NotFoundError' });
      const middle = bytes.length >> 1;
      yield bytes.slice(0, middle);
      yield bytes.slice(middle);
    },
    put(cid, bytes) {
      held.set(cid.toString(), bytes);
      return cid;
    },
    async delete(cid) {
      held.delete(cid.toString());
    },
  };
}

/** The RPC commands that the store uses, answering as Kubo 0.39 does; the real one is asked in kubo-live.test.ts. */
function fakeKubo() {
  const held = new Map<string, Uint8Array>();
  const pins = new Set<string>();
  /** What somebody else pinned recursively. */
  const theirs = new Set<string>();
  const failure = (message: string) =>
    Response.json({ Message: message, Code: 0, Type: 'error' }, { status: 500 });
  const fetch: KuboFetch = async (url, init) => {
    init.signal.throwIfAborted();
    const { pathname, searchParams } = new URL(url);
    const arg = searchParams.get('arg') ?? '';
    switch (pathname) {
      case '/api/v0/block/put': {
        const file = init.body?.get('data');
        if (!(file instanceof Blob)) return failure('file argument "data" is required');
        if (file.size > 1 << 20) return failure('produced block is over 1MiB');
        const bytes = new Uint8Array(await file.arrayBuffer());
        const codec = searchParams.get('cid-codec') === 'raw' ? CODEC_RAW : CODEC_DAG_CBOR;
        const cid = cidOf(crypto, codec, bytes).toString();
        if (!held.has(cid)) held.set(cid, bytes);
        return Response.json({ Key: cid, Size: bytes.length });
      }
      case '/api/v0/block/get': {
        const bytes = held.get(arg);
        if (bytes === undefined) {
          return failure(`block was not found locally (offline): ipld: could not find ${arg}`);
        }
        return new Response(bytes.slice());
      }
      case '/api/v0/pin/add':
        if (searchParams.get('recursive') !== 'false') return failure('this fake pins directly only');
        if (theirs.has(arg)) return failure(`pin: ${arg} already pinned recursively`);
        pins.add(arg);
        return Response.json({ Pins: [arg] });
      case '/api/v0/pin/rm':
        if (theirs.has(arg)) return failure(`${arg} is pinned recursively`);
        if (!pins.delete(arg)) return failure('not pinned or pinned indirectly');
        return Response.json({ Pins: [arg] });
      case '/api/v0/block/rm':
        if (theirs.has(arg)) return Response.json({ Hash: arg, Error: 'pinned: recursive' });
        if (pins.has(arg)) return Response.json({ Hash: arg, Error: 'pinned: direct' });
        held.delete(arg);
        return Response.json({ Hash: arg });
      default:
        return new Response('404 page not found', { status: 404 });
    }
  };
  return { held, pins, theirs, fetch };
}

contentStoreSuite({
  name: 'blockstore',
  async create() {
    const environment = virtualEnvironment();
    const blockstore = memoryBlockstore();
    const index = memoryKeyValueStore();
    const open = () => blockstoreContentStore({ blockstore, index, crypto, environment });
    return {
      store: open(),
      advance: (ms) => environment.advance(ms),
      corrupt: async (cid) => {
        blockstore.held.get(cid.toString())?.fill(7, 0, 3);
      },
      reopen: async () => open(),
      close: async () => undefined,
    };
  },
});

contentStoreSuite({
  name: 'kubo over a fake RPC',
  async create() {
    const environment = virtualEnvironment();
    const kubo = fakeKubo();
    const index = memoryKeyValueStore();
    const open = () =>
      kuboContentStore({ rpcUrl: 'http://kubo.test:5001/', fetch: kubo.fetch, index, crypto, environment });
    return {
      store: open(),
      advance: (ms) => environment.advance(ms),
      corrupt: async (cid) => {
        kubo.held.get(cid.toString())?.fill(7, 0, 3);
      },
      reopen: async () => open(),
      close: async () => undefined,
    };
  },
});

describe('kubo', () => {
  const setup = () => {
    const environment = virtualEnvironment();
    const kubo = fakeKubo();
    const options = {
      rpcUrl: 'http://kubo.test:5001',
      index: memoryKeyValueStore(),
      crypto,
      environment,
      timeoutMs: 1000,
    };
    return { environment, kubo, options, store: kuboContentStore({ ...options, fetch: kubo.fetch }) };
  };

  it('never deletes what others put into the node', async () => {
    const { kubo, store } = setup();
    const theirs = cidOf(crypto, CODEC_RAW, utf8ToBytes('theirs'));
    kubo.held.set(theirs.toString(), utf8ToBytes('theirs'));
    const ours = await store.put(CODEC_RAW, utf8ToBytes('ours'));
    expect(kubo.pins.has(ours.toString())).toBe(true);
    expect(await store.collect()).toEqual({ blocks: 1, bytes: 4 });
    expect([...kubo.held.keys()]).toEqual([theirs.toString()]);
    expect(kubo.pins.size).toBe(0);
    expect(await store.get(theirs), 'but it can be read').toEqual(utf8ToBytes('theirs'));
    expect(await store.has(theirs)).toBe(false);
  });

  it('counts as erased only what Kubo let go', async () => {
    const { kubo, store } = setup();
    const cid = await store.put(CODEC_RAW, utf8ToBytes('shared'));
    kubo.pins.delete(cid.toString());
    kubo.theirs.add(cid.toString());
    expect(await store.collect()).toEqual({ blocks: 0, bytes: 0 });
    expect(await store.has(cid)).toBe(true);
    expect(await store.get(await store.put(CODEC_RAW, utf8ToBytes('shared')))).toEqual(utf8ToBytes('shared'));
    kubo.theirs.clear();
    expect(await store.collect()).toEqual({ blocks: 1, bytes: 6 });
    expect(kubo.held.size).toBe(0);
  });

  it.each([
    ['a reason of its own', '{"Error":"pin check failed: leveldb: closed"}'],
    ['another block', '{"Hash":"bafkqaaa"}'],
    ['nothing', ''],
    ['no object', 'null'],
  ])('does not take a block for erased when Kubo names %s', async (_, answer) => {
    const { kubo, options } = setup();
    const store = kuboContentStore({
      ...options,
      fetch: async (url, init) => (url.includes('block/rm') ? new Response(answer) : kubo.fetch(url, init)),
    });
    const cid = await store.put(CODEC_RAW, utf8ToBytes('stuck'));
    await expect(store.collect()).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    expect(await store.has(cid)).toBe(true);
  });

  it('replaces a damaged copy when the block is put again', async () => {
    const { kubo, store } = setup();
    const cid = await store.put(CODEC_RAW, utf8ToBytes('whole'));
    kubo.held.get(cid.toString())?.fill(0, 0, 2);
    await expect(store.get(cid)).rejects.toThrow(code('ERR_CONTENT_HASH'));
    await store.put(CODEC_RAW, utf8ToBytes('whole'));
    expect(await store.get(cid)).toEqual(utf8ToBytes('whole'));
    expect(kubo.pins.has(cid.toString())).toBe(true);
  });

  it('marks what pins reach without asking the network', async () => {
    const { kubo, options } = setup();
    const asked: string[] = [];
    const store = kuboContentStore({
      ...options,
      fetch: (url, init) => {
        asked.push(url);
        return kubo.fetch(url, init);
      },
    });
    await store.pin(cidOf(crypto, CODEC_DAG_CBOR, encode({ never: 'put' })), 'owner');
    expect(await store.collect()).toEqual({ blocks: 0, bytes: 0 });
    expect(asked.map((url) => new URL(url).searchParams.get('offline'))).toEqual(['true']);
  });

  it('maps an answer that breaks off', async () => {
    const { options } = setup();
    const torn = (status: number) => {
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.error(new TypeError('terminated'));
        },
      });
      return kuboContentStore({ ...options, fetch: async () => new Response(body, { status }) });
    };
    const cid = cidOf(crypto, CODEC_RAW, utf8ToBytes('x'));
    for (const status of [200, 500]) {
      await expect(torn(status).get(cid)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
      await expect(torn(status).put(CODEC_RAW, utf8ToBytes('x'))).rejects.toThrow(
        code('ERR_CONTENT_UNREACHABLE'),
      );
    }
  });

  it('maps refusals, lies, silence and absence of the daemon', async () => {
    const { environment, options } = setup();
    const store = (fetch: KuboFetch) => kuboContentStore({ ...options, fetch });
    const bytes = utf8ToBytes('x');
    const cid = cidOf(crypto, CODEC_RAW, bytes);
    const down = store(async () => {
      throw new TypeError('connect ECONNREFUSED');
    });
    await expect(down.get(cid)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    await expect(down.put(CODEC_RAW, bytes)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    const forbidden = store(async () => new Response('403 - Forbidden', { status: 403 }));
    await expect(forbidden.get(cid)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    const lying = store(async () => Response.json({ Key: 'bafkqaaa' }));
    await expect(lying.put(CODEC_RAW, bytes)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    const garbled = store(async () => new Response('not json'));
    await expect(garbled.put(CODEC_RAW, bytes)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    await expect(garbled.get(cid)).rejects.toThrow(code('ERR_CONTENT_HASH'));
    const silent = store(() => new Promise(() => undefined));
    await expect(environment.run(silent.get(cid))).rejects.toThrow(code('ERR_TIMEOUT'));
  });
});

describe('blockstore', () => {
  it('takes the older interface, and maps failures', async () => {
    const environment = virtualEnvironment();
    const bytes = utf8ToBytes('old style');
    const cid = cidOf(crypto, CODEC_RAW, bytes);
    const make = (get: BlockstoreLike['get']) =>
      blockstoreContentStore({
        blockstore: {
          get,
          put: () => undefined,
          delete: () => Promise.reject(Object.assign(new Error(), { code: 'ERR_NOT_FOUND' })),
        },
        index: memoryKeyValueStore(),
        crypto,
        environment,
        timeoutMs: 1000,
      });
    expect(await make(async () => bytes).get(cid)).toEqual(bytes);
    await expect(make(async () => bytes).get(cid, { maxBytes: 3 })).rejects.toThrow(
      code('ERR_CONTENT_TOO_LARGE'),
    );
    await expect(make(() => Promise.reject(new Error('no router'))).get(cid)).rejects.toThrow(
      code('ERR_CONTENT_UNREACHABLE'),
    );
    await expect(environment.run(make(() => new Promise(() => undefined)).get(cid))).rejects.toThrow(
      code('ERR_TIMEOUT'),
    );
    const gone = make(async () => bytes);
    await gone.put(CODEC_RAW, bytes);
    expect(await gone.collect(), 'already gone from the foreign store').toEqual({
      blocks: 1,
      bytes: bytes.length,
    });
  });
});
