import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { memoryContentStore } from '@edmp/data-settlement';
import { kuboContentStore } from '@edmp/data-settlement/content';
import { gatewayContentStore, gatewayHandler } from '@edmp/data-settlement/gateway';
import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  memoryKeyValueStore,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encode } from '@ipld/dag-cbor';
import type { CID } from 'multiformats/cid';
import { afterEach, describe, expect, it } from 'vitest';

const crypto = nodeCrypto();
const code = (text: string) => expect.objectContaining({ code: text });
const memory = () => memoryContentStore({ crypto, environment: virtualEnvironment() });
const TIMEOUT_MS = 1000;

/** A root over one leaf large enough to arrive in several reads. */
async function content() {
  const store = memory();
  const leaf = await store.put(CODEC_RAW, new Uint8Array(300_000).fill(7));
  const root = await store.put(CODEC_DAG_CBOR, encode({ blocks: [leaf] }));
  return { store, leaf, root };
}

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/**
 * Serves on loopback the first half of every answer of `store`, with or without its length, and then waits.
 * `transfer` gives the answer that was begun last; `released` settles once its connection is gone.
 */
async function halfServer(store: ContentStore, lengthKnown: boolean) {
  const handler = gatewayHandler({ store, authorize: () => true });
  let transfer: { readonly outgoing: ServerResponse; readonly released: Promise<unknown> } | undefined;
  const server = createServer((incoming, outgoing) => {
    transfer = { outgoing, released: once(outgoing, 'close') };
    // Kubo's RPC takes the same block at another address.
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://g');
    const path =
      pathname === '/api/v0/block/get' ? `/ipfs/${searchParams.get('arg')}?format=raw` : incoming.url;
    void handler(new Request(`http://g${path}`)).then(async (response) => {
      const bytes = new Uint8Array(await response.arrayBuffer());
      const headers = Object.fromEntries(response.headers);
      delete headers['content-length'];
      if (lengthKnown) headers['content-length'] = `${bytes.length}`;
      outgoing.writeHead(response.status, headers);
      outgoing.write(bytes.subarray(0, bytes.length >> 1));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const current = () => {
    if (transfer === undefined) throw new Error('nothing was asked for');
    return transfer;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, current };
}

/** A gateway client and a Kubo store that call `begun` once the head of an answer is there and its body is read. */
function clients(url: string, begun: () => void) {
  const environment = virtualEnvironment();
  const options = { crypto, environment, timeoutMs: TIMEOUT_MS };
  const observed = async (address: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(address, init);
    if (address.startsWith(url)) setImmediate(begun);
    return response;
  };
  return {
    environment,
    gateway: gatewayContentStore({ ...options, urls: [url], fetch: observed }),
    kubo: kuboContentStore({ ...options, rpcUrl: url, fetch: observed, index: memoryKeyValueStore() }),
  };
}

type Clients = ReturnType<typeof clients>;
type Read = (
  from: Clients,
  cids: { readonly leaf: CID; readonly root: CID },
  options?: { readonly signal?: AbortSignal; readonly maxBytes?: number },
) => Promise<unknown>;

/** Takes blocks for `fetchAll` and shows that it put none. */
const nothing: Pick<ContentStore, 'put'> = {
  put: () => Promise.reject(new Error('a block of a broken transfer was stored')),
};
const reads: readonly (readonly [string, Read])[] = [
  ['a raw block', (from, { leaf }, options) => from.gateway.get(leaf, options)],
  ['a CAR', (from, { root }, options) => from.gateway.fetchAll(root, nothing, options)],
  ['a block of Kubo', (from, { leaf }, options) => from.kubo.get(leaf, options)],
];
const cases = reads.flatMap(([what, read]) => [
  { what, read, sent: 'with its length', lengthKnown: true },
  { what, read, sent: 'in chunks', lengthKnown: false },
]);

describe('a transfer on loopback', () => {
  it.each(cases)(
    'reports $what, sent $sent, whose server dies as unreachable',
    async ({ read, lengthKnown }) => {
      const { store, ...cids } = await content();
      const server = await halfServer(store, lengthKnown);
      const from = clients(server.url, () => server.current().outgoing.destroy());
      await expect(read(from, cids)).rejects.toThrow(
        expect.objectContaining({
          code: 'ERR_CONTENT_UNREACHABLE',
          retryable: true,
          message: expect.stringContaining(server.url),
          cause: expect.any(TypeError),
        }),
      );
    },
  );

  it.each(cases)('keeps the deadline for $what, sent $sent, that stalls', async ({ read, lengthKnown }) => {
    const { store, ...cids } = await content();
    const server = await halfServer(store, lengthKnown);
    const from: Clients = clients(server.url, () => void from.environment.advance(TIMEOUT_MS));
    await expect(read(from, cids)).rejects.toThrow(code('ERR_TIMEOUT'));
    await server.current().released;
  });

  it.each(cases)('keeps the abort of $what, sent $sent, by the caller', async ({ read, lengthKnown }) => {
    const { store, ...cids } = await content();
    const server = await halfServer(store, lengthKnown);
    const controller = new AbortController();
    const from = clients(server.url, () => controller.abort());
    await expect(read(from, cids, { signal: controller.signal })).rejects.toThrow(code('ERR_ABORTED'));
    await server.current().released;
  });

  it.each(cases.filter(({ what }) => what !== 'a CAR'))(
    'lets go of $what, sent $sent, that is too large',
    async ({ read, lengthKnown }) => {
      const { store, ...cids } = await content();
      const server = await halfServer(store, lengthKnown);
      const from = clients(server.url, () => undefined);
      await expect(read(from, cids, { maxBytes: 1000 })).rejects.toThrow(code('ERR_CONTENT_TOO_LARGE'));
      await server.current().released;
    },
  );

  it.each([true, false])('lets go of a CAR that it refuses, its length known: %s', async (lengthKnown) => {
    const { store, root } = await content();
    const other = await store.put(CODEC_DAG_CBOR, encode({ blocks: [root] }));
    const server = await halfServer(store, lengthKnown);
    const lying = gatewayContentStore({
      urls: [server.url],
      fetch: (url, init) => fetch(url.replace(`${other}`, `${root}`), init),
      crypto,
      environment: virtualEnvironment(),
    });
    await expect(lying.fetchAll(other, nothing), 'another root').rejects.toThrow(code('ERR_CONTENT_CAR'));
    await server.current().released;
    const small = clients(server.url, () => undefined).gateway.fetchAll(root, nothing, { maxBytes: 100 });
    await expect(small, 'too many bytes').rejects.toThrow(code('ERR_CONTENT_TOO_LARGE'));
    await server.current().released;
  });

  it('goes on to the next gateway when one dies', async () => {
    const { store, leaf, root } = await content();
    const dying = await halfServer(store, true);
    const handler = gatewayHandler({ store, authorize: () => true });
    const environment = virtualEnvironment();
    const client = gatewayContentStore({
      urls: [dying.url, 'http://whole.test'],
      fetch: async (url, init) => {
        if (!url.startsWith(dying.url)) return handler(new Request(url));
        const response = await fetch(url, init);
        setImmediate(() => dying.current().outgoing.destroy());
        return response;
      },
      crypto,
      environment,
    });
    const target = memory();
    expect(await client.fetchAll(root, target)).toMatchObject({ blocks: 2 });
    expect(await target.get(leaf)).toEqual(await client.get(leaf));
  });
});
