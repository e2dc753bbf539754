import { memoryContentStore } from '@edmp/data-settlement';
import {
  BITSWAP_PROTOCOL,
  type BitswapMessage,
  decodeBitswapMessage,
  encodeBitswapMessage,
  startBitswap,
} from '@edmp/data-settlement/bitswap';
import { cidOf } from '@edmp/data-settlement/content';
import { gatewayContentStore } from '@edmp/data-settlement/gateway';
import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  type Environment,
  equalBytes,
  type PublicKey,
  systemEnvironment,
  utf8ToBytes,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { contentStoreSuite } from '@edmp/testing';
import { type Libp2pNetwork, libp2pNetwork } from '@edmp/trustchain/libp2p';
import type { CID } from 'multiformats/cid';
import { afterEach, describe, expect, it } from 'vitest';

const crypto = nodeCrypto();
const environment = systemEnvironment();
const code = (text: string) => expect.objectContaining({ code: text });
const memory = () => memoryContentStore({ crypto, environment });

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function network(): Promise<{ net: Libp2pNetwork; libp2p: NonNullable<Libp2pNetwork['libp2p']> }> {
  const net = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
  await net.start();
  closers.push(() => net.stop());
  if (net.libp2p === undefined) throw new Error('not started');
  return { net, libp2p: net.libp2p };
}

type MayRead = (peer: PublicKey, cid: CID) => boolean;

/** A server of `store` and a client that is connected to it. */
async function pair(
  store: ContentStore,
  mayRead: MayRead = () => true,
  timeoutMs = 10_000,
  clock: Environment = environment,
) {
  const [server, client] = [await network(), await network()];
  const serving = startBitswap({ libp2p: server.libp2p, crypto, environment: clock, store, mayRead });
  const asking = startBitswap({ libp2p: client.libp2p, crypto, environment, timeoutMs });
  closers.push(
    () => serving.stop(),
    () => asking.stop(),
  );
  await client.net.connect(server.net.addresses()[0] ?? '');
  return { server, client, serving, asking, reader: asking.reader(server.net.self) };
}

contentStoreSuite({
  name: 'bitswap reader',
  async create() {
    const backing = memory();
    const { reader } = await pair(backing);
    // A reader is no store: what it cannot do is refused here, in the way of read-only ones.
    const gateway = gatewayContentStore({ urls: [], fetch: () => Promise.reject(), crypto, environment });
    return {
      store: { ...gateway, get: (cid, options) => reader.get(cid, options) },
      seed: (codec, bytes) => backing.put(codec, bytes),
      close: async () => undefined,
    };
  },
});

describe('bitswap', () => {
  it('fetches many blocks in order, and each once', async () => {
    const store = memory();
    const sent: Uint8Array[] = [];
    const cids: CID[] = [];
    for (let i = 0; i < 100; i++) {
      const bytes = environment.randomBytes(1 + i * 100);
      sent.push(bytes);
      cids.push(await store.put(CODEC_RAW, bytes));
    }
    const { reader } = await pair(store);
    const got: Uint8Array[] = [];
    for await (const bytes of reader.getMany(cids)) got.push(bytes);
    expect(got.every((bytes, i) => equalBytes(bytes, sent[i] ?? bytes.subarray(1)))).toBe(true);
    expect(got.length).toBe(sent.length);
  });

  it('gives a peer what it may read, and says nothing else', async () => {
    const store = memory();
    const open = await store.put(CODEC_RAW, utf8ToBytes('open'));
    const hidden = await store.put(CODEC_RAW, utf8ToBytes('hidden'));
    const absent = cidOf(crypto, CODEC_RAW, utf8ToBytes('absent'));
    const asked: PublicKey[] = [];
    const { reader, client } = await pair(store, (peer, cid) => {
      asked.push(peer);
      return cid.equals(open) || cid.equals(absent);
    });
    expect(await reader.get(open)).toEqual(utf8ToBytes('open'));
    for (const cid of [hidden, absent]) {
      await expect(reader.get(cid)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
    }
    expect(asked).toEqual([client.net.self, client.net.self, client.net.self]);
  });

  it('answers haves, refusals and cancels as peers ask', async () => {
    const store = memory();
    const open = await store.put(CODEC_RAW, utf8ToBytes('open'));
    const hidden = await store.put(CODEC_DAG_CBOR, Uint8Array.of(0xa0));
    const { server, client, asking } = await pair(store, (_, cid) => cid.equals(open));
    await asking.stop();
    const raw = await rawPeer(client.libp2p, server);
    const want = { priority: 1, cancel: false, have: false, sendDontHave: true };
    await raw.send({
      wants: [
        { ...want, cid: open, have: true },
        { ...want, cid: hidden, have: true },
      ],
    });
    const first = await raw.next();
    expect(first.presences.map(({ cid, have }) => [cid.toString(), have])).toEqual([
      [open.toString(), true],
      [hidden.toString(), false],
    ]);
    expect(first.blocks).toEqual([]);
    // Without `sendDontHave` there is no answer for what is not given; a cancelled want gets none either.
    await raw.send({ wants: [{ ...want, cid: hidden, sendDontHave: false }] });
    await raw.send({
      wants: [
        { ...want, cid: hidden },
        { ...want, cid: hidden, cancel: true },
        { ...want, cid: open },
      ],
    });
    const second = await raw.next();
    expect(second.blocks.map(({ data }) => data)).toEqual([utf8ToBytes('open')]);
    expect(second.presences).toEqual([]);
  });

  it('sends the most urgent first', async () => {
    const store = memory();
    const cids: CID[] = [];
    for (let i = 0; i < 5; i++) cids.push(await store.put(CODEC_RAW, new Uint8Array(300_000).fill(i)));
    const { server, client, asking } = await pair(store);
    await asking.stop();
    const raw = await rawPeer(client.libp2p, server);
    await raw.send({
      wants: cids.map((cid, priority) => ({ cid, priority, cancel: false, have: false, sendDontHave: true })),
    });
    const order: number[] = [];
    while (order.length < 5) for (const { data } of (await raw.next()).blocks) order.push(data[0] ?? -1);
    expect(order).toEqual([4, 3, 2, 1, 0]);
  });

  it('hangs up on a peer that sends no bitswap, and serves the others', async () => {
    const store = memory();
    const open = await store.put(CODEC_RAW, utf8ToBytes('open'));
    const { server, client, reader } = await pair(store);
    for (const bytes of [
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x80, 0x80, 0x80, 0x04),
      Uint8Array.of(3, 0x0a, 0x7f, 0),
      Uint8Array.of(4, 0x0a, 2, 0x0a, 0),
    ]) {
      const stream = await dial(client.libp2p, server);
      const closed = new Promise<void>((resolve) => stream.addEventListener('close', () => resolve()));
      stream.send(bytes);
      await closed;
    }
    expect(await reader.get(open)).toEqual(utf8ToBytes('open'));
  });

  it('hangs up on a peer that floods it with wants, and serves the others', async () => {
    const store = memory();
    const open = await store.put(CODEC_RAW, utf8ToBytes('open'));
    // Its clock stands still, so that a slow machine does not send less than a peer may.
    const { server, client, asking } = await pair(store, () => true, 10_000, virtualEnvironment());
    const other = await network();
    const others = startBitswap({ libp2p: other.libp2p, crypto, environment });
    closers.push(() => others.stop());
    await other.net.connect(server.net.addresses()[0] ?? '');
    await asking.stop();
    const stream = await dial(client.libp2p, server);
    const closed = new Promise<void>((resolve) => stream.addEventListener('close', () => resolve()));
    const want = { priority: 1, cancel: false, have: true, sendDontHave: false };
    const wants = Array.from({ length: 2000 }, (_, i) => ({
      ...want,
      cid: cidOf(crypto, CODEC_RAW, utf8ToBytes(`${i}`)),
    }));
    const flood = framed(encodeBitswapMessage({ wants }));
    for (let sent = 0; sent < 8 << 20 && stream.status === 'open'; sent += flood.length) {
      if (!stream.send(flood)) await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    expect(await others.reader(server.net.self).get(open)).toEqual(utf8ToBytes('open'));
  });

  it('fails what is asked of a peer that goes away, lies, or never answers', async () => {
    const absent = cidOf(crypto, CODEC_RAW, utf8ToBytes('absent'));
    // A server that takes every want and answers with another block.
    const [server, client] = [await network(), await network()];
    let heard = (): void => undefined;
    await server.libp2p.handle(BITSWAP_PROTOCOL, (stream, connection) => {
      stream.addEventListener('message', () => {
        heard();
        const lying = connection.newStream(BITSWAP_PROTOCOL).then((back) => {
          const lie = { prefix: Uint8Array.of(1, CODEC_RAW, 0x12, 32), data: utf8ToBytes('lie') };
          back.send(framed(encodeBitswapMessage({ blocks: [lie] })));
        });
        lying.catch(() => undefined);
      });
    });
    const asking = startBitswap({ libp2p: client.libp2p, crypto, environment, timeoutMs: 300 });
    closers.push(() => asking.stop());
    const reader = asking.reader(server.net.self);
    await expect(reader.get(absent)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
    await client.net.connect(server.net.addresses()[0] ?? '');
    await expect(reader.get(absent)).rejects.toThrow(code('ERR_TIMEOUT'));

    const patient = startBitswap({ libp2p: client.libp2p, crypto, environment });
    closers.push(() => patient.stop());
    const controller = new AbortController();
    const aborted = expect(
      patient.reader(server.net.self).get(absent, { signal: controller.signal }),
    ).rejects.toThrow(code('ERR_ABORTED'));
    controller.abort();
    await aborted;
    const asked = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const gone = expect(patient.reader(server.net.self).get(absent)).rejects.toThrow(
      code('ERR_CONTENT_UNREACHABLE'),
    );
    await asked;
    await server.net.stop();
    await gone;
  });
});

type Libp2p = NonNullable<Libp2pNetwork['libp2p']>;

const framed = (bytes: Uint8Array): Uint8Array => {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return new Uint8Array([...length, ...bytes]);
};

async function dial(libp2p: Libp2p, to: { readonly libp2p: Libp2p }) {
  const [connection] = libp2p.getConnections(to.libp2p.peerId);
  if (connection === undefined) throw new Error('not connected');
  return connection.newStream(BITSWAP_PROTOCOL);
}

/** A peer that speaks bitswap by hand. */
async function rawPeer(libp2p: Libp2p, to: { readonly libp2p: Libp2p }) {
  const received: BitswapMessage[] = [];
  const waiting: ((message: BitswapMessage) => void)[] = [];
  await libp2p.handle(BITSWAP_PROTOCOL, (stream) => {
    let held = new Uint8Array();
    stream.addEventListener('message', ({ data }) => {
      held = new Uint8Array([...held, ...data.subarray()]);
      for (;;) {
        let [length, at] = [0, 0];
        for (; at < held.length; at++) {
          length += ((held[at] ?? 0) & 127) * 128 ** at;
          if ((held[at] ?? 0) < 128) break;
        }
        if (at >= held.length || held.length < at + 1 + length) return;
        const message = decodeBitswapMessage(held.slice(at + 1, at + 1 + length));
        held = held.slice(at + 1 + length);
        const next = waiting.shift();
        if (next === undefined) received.push(message);
        else next(message);
      }
    });
  });
  const stream = await dial(libp2p, to);
  return {
    send: async (message: Partial<BitswapMessage>) => {
      stream.send(framed(encodeBitswapMessage(message)));
    },
    next: () =>
      new Promise<BitswapMessage>((resolve) => {
        const message = received.shift();
        if (message === undefined) waiting.push(resolve);
        else resolve(message);
      }),
  };
}
