import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { memoryContentStore } from '@edmp/data-settlement';
import { type Fetch, gatewayContentStore, gatewayHandler } from '@edmp/data-settlement/gateway';
import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  utf8ToBytes,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { contentStoreSuite } from '@edmp/testing';
import { encode } from '@ipld/dag-cbor';
import { describe, expect, it } from 'vitest';

const crypto = nodeCrypto();
const code = (text: string) => expect.objectContaining({ code: text });
const memory = () => memoryContentStore({ crypto, environment: virtualEnvironment() });

/** The client's `fetch` straight into a handler. */
const direct =
  (handler: (request: Request) => Promise<Response>): Fetch =>
  async (url, init) =>
    handler(new Request(url, { headers: init.headers, signal: init.signal }));

function pair(store: ContentStore, authorize = () => true) {
  const handler = gatewayHandler({ store, authorize });
  const client = gatewayContentStore({
    urls: ['http://gateway.test/'],
    fetch: direct(handler),
    crypto,
    environment: virtualEnvironment(),
  });
  return { handler, client };
}

contentStoreSuite({
  name: 'gateway client over gateway handler',
  async create() {
    const backing = memory();
    return {
      store: pair(backing).client,
      seed: (codec, bytes) => backing.put(codec, bytes),
      close: async () => undefined,
    };
  },
});

async function sample() {
  const store = memory();
  const leaf = await store.put(CODEC_RAW, utf8ToBytes('leaf'));
  const root = await store.put(CODEC_DAG_CBOR, encode({ blocks: [leaf] }));
  const missing = await memory().put(CODEC_RAW, utf8ToBytes('missing'));
  return { store, leaf, root, missing, ...pair(store) };
}

describe('gateway handler', () => {
  it('serves raw blocks with the headers of the specification', async () => {
    const { handler, leaf } = await sample();
    const response = await handler(new Request(`http://g/ipfs/${leaf}?format=raw`));
    expect(response.status).toBe(200);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(utf8ToBytes('leaf'));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/vnd.ipld.raw',
      'content-disposition': `attachment; filename="${leaf}.bin"`,
      'x-content-type-options': 'nosniff',
      'x-ipfs-path': `/ipfs/${leaf}`,
      etag: `"${leaf}.raw"`,
    });
    const head = await handler(
      new Request(`http://g/ipfs/${leaf}`, {
        method: 'HEAD',
        headers: { accept: 'application/vnd.ipld.raw' },
      }),
    );
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe('4');
    expect((await head.arrayBuffer()).byteLength).toBe(0);
    const again = await handler(
      new Request(`http://g/ipfs/${leaf}?format=raw`, { headers: { 'if-none-match': `"x", "${leaf}.raw"` } }),
    );
    expect(again.status).toBe(304);
  });

  it.each<[number, string, RequestInit?]>([
    [400, '/ipfs/notacid?format=raw'],
    [404, '/elsewhere'],
    [404, '/ipns/example?format=raw'],
    [404, '/ipfs/QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn?format=raw'],
    [400, '/ipfs/{leaf}'],
    [406, '/ipfs/{leaf}', { headers: { accept: '*/*' } }],
    [406, '/ipfs/{leaf}?format=json'],
    [406, '/ipfs/{leaf}', { headers: { accept: 'text/html' } }],
    [406, '/ipfs/{leaf}', { headers: { accept: 'application/vnd.ipld.car; version=2' } }],
    [406, '/ipfs/{leaf}?format=car&car-version=2'],
    [406, '/ipfs/{leaf}?format=car&car-order=breadth'],
    [406, '/ipfs/{leaf}?format=car&car-dups=maybe'],
    [406, '/ipfs/{leaf}?format=car', { headers: { accept: 'application/vnd.ipld.car; version=2' } }],
    [400, '/ipfs/{leaf}?format=car&dag-scope=everything'],
    [400, '/ipfs/{leaf}/path?format=raw'],
    [400, '/ipfs/{leaf}?format=car&entity-bytes=all'],
    [400, '/ipfs/{leaf}?format=car&entity-bytes=4:*'],
    [400, '/ipfs/{leaf}/%ff?format=car'],
    [404, '/ipfs/{leaf}/path?format=car'],
    [412, '/ipfs/{missing}?format=raw', { headers: { 'cache-control': 'only-if-cached' } }],
    [404, '/ipfs/{missing}?format=raw'],
    [404, '/ipfs/{missing}?format=car'],
    [405, '/ipfs/{leaf}?format=raw', { method: 'POST' }],
  ])('answers %i to %s', async (status, path, init) => {
    const { handler, leaf, missing } = await sample();
    const url = `http://g${path.replace('{leaf}', `${leaf}`).replace('{missing}', `${missing}`)}`;
    expect((await handler(new Request(url, init ?? {}))).status).toBe(status);
  });

  it('hides what it does not authorise', async () => {
    const { store, leaf } = await sample();
    const { handler, client } = pair(store, () => false);
    expect((await handler(new Request(`http://g/ipfs/${leaf}?format=raw`))).status).toBe(404);
    await expect(client.get(leaf)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
  });

  it('serves one block or everything as CAR', async () => {
    const { client, handler, root, leaf } = await sample();
    const target = memory();
    expect(await client.fetchAll(root, target)).toMatchObject({ blocks: 2 });
    expect(await target.get(leaf)).toEqual(utf8ToBytes('leaf'));
    const size = async (scope: string) =>
      (
        await (
          await handler(new Request(`http://g/ipfs/${root}?format=car&dag-scope=${scope}`))
        ).arrayBuffer()
      ).byteLength;
    expect(await size('block')).toBe((await size('all')) - 1 - leaf.bytes.length - 4);
    expect(await size('entity')).toBe(await size('block'));
  });
});

describe('gateway client', () => {
  const client = (fetch: Fetch, urls = ['http://a', 'http://b'], timeoutMs = 1000) => {
    const environment = virtualEnvironment();
    return { environment, store: gatewayContentStore({ urls, fetch, crypto, environment, timeoutMs }) };
  };
  const raw = (body: BodyInit, init: ResponseInit = {}) =>
    new Response(body, { headers: { 'content-type': 'application/vnd.ipld.raw' }, ...init });

  it('goes on to the next gateway when one lies, fails or hangs', async () => {
    const { leaf } = await sample();
    const answers: (() => Response | Promise<Response>)[] = [
      () => raw('liar'),
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      () => raw('gone', { status: 500 }),
      () => Promise.reject(new TypeError('refused')),
    ];
    for (const answer of answers) {
      const { store } = client(async (url) => (url.startsWith('http://a/') ? answer() : raw('leaf')));
      expect(await store.get(leaf)).toEqual(utf8ToBytes('leaf'));
    }
    const hanging = client((url) =>
      url.startsWith('http://a/') ? new Promise(() => undefined) : Promise.resolve(raw('leaf')),
    );
    expect(await hanging.environment.run(hanging.store.get(leaf))).toEqual(utf8ToBytes('leaf'));
  });

  it('reports the most telling failure', async () => {
    const { leaf } = await sample();
    const lying = client(async () => raw('liar'));
    await expect(lying.store.get(leaf)).rejects.toThrow(code('ERR_CONTENT_HASH'));
    const large = client(async () => raw(new Uint8Array(5000)));
    await expect(large.store.get(leaf, { maxBytes: 100 })).rejects.toThrow(code('ERR_CONTENT_TOO_LARGE'));
    const announced = client(async () =>
      raw('leaf', { headers: { 'content-type': 'application/vnd.ipld.raw', 'content-length': '999999999' } }),
    );
    await expect(announced.store.get(leaf)).rejects.toThrow(code('ERR_CONTENT_TOO_LARGE'));
    const absent = client(async () => new Response('', { status: 404 }));
    await expect(absent.store.get(leaf)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
    const hanging = client(() => new Promise(() => undefined), ['http://a']);
    await expect(hanging.environment.run(hanging.store.get(leaf))).rejects.toThrow(code('ERR_TIMEOUT'));
    const none = client(async () => raw('leaf'), []);
    await expect(none.store.get(leaf)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
  });

  it('refuses a CAR that is cut off, and asks never to be redirected', async () => {
    const { handler, root } = await sample();
    let redirect: string | undefined;
    const { store } = client(async (url, init) => {
      redirect = init.redirect;
      const full = await handler(new Request(url, { headers: init.headers }));
      const bytes = new Uint8Array(await full.arrayBuffer());
      return new Response(bytes.subarray(0, bytes.length - 5), { headers: full.headers });
    });
    const target = memory();
    await expect(store.fetchAll(root, target)).rejects.toThrow(code('ERR_CONTENT_CAR'));
    for await (const cid of target.list()) throw new Error(`${cid} was stored`);
    expect(redirect).toBe('error');
  });

  it('works over real HTTP', async () => {
    const { handler, root, leaf } = await sample();
    const server: Server = createServer((incoming, outgoing) => {
      void handler(
        new Request(`http://127.0.0.1${incoming.url}`, {
          headers: { accept: incoming.headers.accept ?? '' },
        }),
      ).then(async (response) => {
        outgoing.writeHead(response.status, Object.fromEntries(response.headers));
        outgoing.end(new Uint8Array(await response.arrayBuffer()));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { store } = client((url, init) => fetch(url, init), [`http://127.0.0.1:${port}`]);
      expect(await store.get(leaf)).toEqual(utf8ToBytes('leaf'));
      expect(await store.fetchAll(root, memory())).toMatchObject({ blocks: 2 });
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
