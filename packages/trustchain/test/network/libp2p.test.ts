import {
  bytesToHex,
  bytesToUtf8,
  hexToBytes,
  type Network,
  publicKeyToHex,
  singleFrame,
  sleep,
  systemEnvironment,
  utf8ToBytes,
  withDeadline,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import {
  keyOfPeerId,
  type Libp2pNetwork,
  type Libp2pNetworkOptions,
  libp2pNetwork,
  peerIdOfKey,
} from '@edmp/trustchain/libp2p';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id';
import { webSockets } from '@libp2p/websockets';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { rawNode } from './raw-libp2p.ts';
import { codeOf, framesOf } from './support.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const EMPTY = new Uint8Array();
const toStop: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((each) => each.stop()));
});

async function started(options: Partial<Libp2pNetworkOptions> = {}): Promise<Libp2pNetwork> {
  const network = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32), ...options });
  toStop.push(network);
  await network.start();
  return network;
}

const addressOf = (network: Network): string => network.addresses()[0]!;

/** Waits on the real clock until `condition` holds. */
async function until(what: string, condition: () => boolean): Promise<void> {
  await withDeadline(environment, bounds.wait, what, async (signal) => {
    while (!condition()) await sleep(environment, 10, { signal });
  });
}

describe('identity', () => {
  it('is the ed25519 key, in libp2p as in TrustChain', () => {
    // RFC 8032 §7.1, test 1; the peer id was computed by hand: base58btc(00 24 08 01 12 20 ‖ key).
    const key = crypto.ed25519PublicKey(
      hexToBytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
    );
    expect(publicKeyToHex(key)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    const peer = peerIdOfKey(key);
    expect(bytesToHex(peer.toMultihash().bytes)).toBe(`002408011220${publicKeyToHex(key)}`);
    expect(keyOfPeerId(peerIdFromString(peer.toString()))).toEqual(key);
  });

  it('maps both ways for any key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const key = crypto.ed25519PublicKey(seed);
        expect(keyOfPeerId(peerIdOfKey(key))).toEqual(key);
      }),
      { numRuns: 50 },
    );
  });

  it('of another kind is refused, as text and as a peer', async () => {
    const other = peerIdFromPrivateKey(await generateKeyPair('secp256k1'));
    expect(() => keyOfPeerId(other)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));

    const network = await started();
    const raw = await rawNode('secp256k1');
    toStop.push(raw);
    // The dialling side may think that it succeeded before it learns of the refusal.
    await raw.libp2p.dial(raw.parse(addressOf(network))).catch(() => undefined);
    await until('the stranger is cut off', () => raw.libp2p.getConnections().length === 0);
    expect(network.peers()).toEqual([]);
    expect(await codeOf(network.connect(raw.address()))).toBe('ERR_NETWORK_UNREACHABLE');
    expect(network.peers()).toEqual([]);
  });
});

describe('a node by itself', () => {
  it('listens on loopback and knows nobody', async () => {
    const network = await started();
    expect(network.addresses()).toHaveLength(1);
    expect(addressOf(network)).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/);
    expect(network.libp2p?.getConnections()).toEqual([]);
    expect(await network.libp2p?.peerStore.all()).toEqual([]);
    expect(Object.keys(network.libp2p?.services ?? {}).sort()).toEqual([
      'identify',
      'identifyPush',
      'pubsub',
    ]);
  });

  it('may dial without listening, and be asked over the connection it made', async () => {
    const [silent, listening] = [await started({ listen: [] }), await started()];
    expect(silent.addresses()).toEqual([]);
    silent.handle('/echo', async ({ body }) => body);
    await silent.connect(addressOf(listening));
    expect(await singleFrame(listening.request(silent.self, '/echo', Uint8Array.of(4)))).toEqual(
      Uint8Array.of(4),
    );
  });

  it.each([
    ['a listening address', { listen: ['localhost:1234'] }],
    ['an address to keep', { keepConnected: ['/ip4/nowhere/tcp/1'] }],
    ['an announced address', { announce: [''] }],
    ['a wait', { dialTimeoutMs: 0 }],
  ])('refuses %s that is none', (_, options) => {
    const secretKey = new Uint8Array(32);
    expect(() => libp2pNetwork({ environment, crypto, secretKey, ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });

  it('refuses a secret key of another length', () => {
    expect(() => libp2pNetwork({ environment, crypto, secretKey: new Uint8Array(64) })).toThrow(
      expect.objectContaining({ code: 'ERR_CRYPTO_KEY' }),
    );
  });

  it('says so when it cannot listen, and may try again', async () => {
    const first = await started();
    const port = addressOf(first).split('/')[4];
    const second = libp2pNetwork({
      environment,
      crypto,
      secretKey: environment.randomBytes(32),
      listen: [`/ip4/127.0.0.1/tcp/${port}`],
    });
    toStop.push(second);
    expect(await codeOf(second.start())).toBe('ERR_NETWORK_UNREACHABLE');
    expect(await codeOf(second.publish('t', EMPTY))).toBe('ERR_NETWORK_STOPPED');
    await first.stop();
    await second.start();
    expect(addressOf(second)).toContain(`/tcp/${port}/`);
  });

  it('keeps its key, handlers and subscriptions over a stop and a start', async () => {
    const [a, b] = [await started(), await started()];
    const texts: string[] = [];
    b.handle('/echo', async ({ body }) => body);
    b.subscribe('t', (body) => {
      texts.push(bytesToUtf8(body));
      return 'accept';
    });
    const before = b.self;
    await b.stop();
    await Promise.all([b.start(), b.start()]);
    expect(await a.connect(addressOf(b))).toEqual(before);
    expect(await singleFrame(a.request(b.self, '/echo', Uint8Array.of(1)))).toEqual(Uint8Array.of(1));
    await until('the subscription is known', () => {
      void a.publish('t', utf8ToBytes(`${texts.length} ${environment.now()}`));
      return texts.length > 0;
    });
  });
});

describe('addresses and connections', () => {
  it('dials a peer again that it was connected to when a request needs it', async () => {
    const [a, b] = [await started(), await started()];
    b.handle('/echo', async ({ body }) => body);
    await a.connect(addressOf(b));
    await a.libp2p?.hangUp(peerIdOfKey(b.self));
    await until('the connection is gone', () => a.peers().length === 0);
    expect(await singleFrame(a.request(b.self, '/echo', Uint8Array.of(2)))).toEqual(Uint8Array.of(2));
    expect(a.peers()).toEqual([b.self]);
  });

  it('refuses an address whose key is not the one found there', async () => {
    const [a, b, c] = [await started(), await started(), await started()];
    const forged = addressOf(b).replace(/p2p\/.*/, `p2p/${peerIdOfKey(c.self).toString()}`);
    expect(await codeOf(a.connect(forged))).toBe('ERR_NETWORK_UNREACHABLE');
    expect(await codeOf(a.connect(addressOf(a)))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('keeps connected to the addresses it was given, when the peer comes late or goes', async () => {
    const secretKey = environment.randomBytes(32);
    const early = await started({ secretKey });
    const listen = [addressOf(early).replace(/\/p2p\/.*/, '')];
    await early.stop();
    const a = await started({ keepConnected: [...listen, '/ip4/127.0.0.1/tcp/1'] });
    const b = await started({ secretKey, listen });
    await until('the first contact', () => a.peers().length === 1 && b.peers().length === 1);
    await b.stop();
    await until('the loss', () => a.peers().length === 0);
    await b.start();
    await until('the second contact', () => a.peers().length === 1 && b.peers().length === 1);
    expect(a.peers()).toEqual([b.self]);
  });

  it('speaks over WebSockets too', async () => {
    const both = { listen: ['/ip4/127.0.0.1/tcp/0/ws'], transports: [webSockets()] };
    const [a, b] = [await started(both), await started(both)];
    expect(addressOf(b)).toContain('/ws/');
    b.handle('/count', async function* () {
      for (let i = 0; i < 100; i++) yield Uint8Array.of(i);
    });
    await a.connect(addressOf(b));
    const frames = await framesOf(a.request(b.self, '/count', EMPTY));
    expect(frames).toEqual(Array.from({ length: 100 }, (_, i) => Uint8Array.of(i)));
  });
});

describe('back-pressure', () => {
  it('pauses the sender of a long answer and loses nothing', async () => {
    const [a, b] = [await started(), await started()];
    await a.connect(addressOf(b));
    const frame = (i: number): Uint8Array => new Uint8Array(10_000).fill(i & 255);
    let produced = 0;
    b.handle('/long', async function* () {
      for (; produced < 2000; produced++) yield frame(produced);
    });
    let read = 0;
    let most = 0;
    for await (const bytes of a.request(b.self, '/long', EMPTY)) {
      expect(bytes.length).toBe(10_000);
      expect(bytes[9_999]).toBe(read & 255);
      read++;
      if (read % 200 === 0) {
        await sleep(environment, 30);
        most = Math.max(most, produced - read);
      }
    }
    expect(read).toBe(2000);
    expect(most * 10_000, 'bytes on their way').toBeLessThan(8 * 1024 * 1024);
  });

  it('also holds back several answers at once on one connection', async () => {
    const [a, b] = [await started(), await started()];
    await a.connect(addressOf(b));
    b.handle('/long', async function* ({ body }) {
      for (let i = 0; i < 100; i++) yield new Uint8Array(20_000).fill(body[0] ?? 0);
    });
    const totals = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        let bytes = 0;
        for await (const frame of a.request(b.self, '/long', Uint8Array.of(n))) {
          expect(frame.every((byte) => byte === n)).toBe(true);
          bytes += frame.length;
        }
        return bytes;
      }),
    );
    expect(totals).toEqual(Array.from({ length: 8 }, () => 2_000_000));
  });
});

describe('topics', () => {
  it('carry the same bytes once, and only up to their limit', async () => {
    const [a, b] = [await started({ maxTopicMessageBytes: 1000 }), await started()];
    await a.connect(addressOf(b));
    const texts: string[] = [];
    b.subscribe('t', (body) => {
      texts.push(bytesToUtf8(body));
      return 'accept';
    });
    await until('the subscription is known', () => {
      void a.publish('t', utf8ToBytes('same'));
      void a.publish('t', utf8ToBytes(`other ${environment.now()}`));
      return texts.length > 2;
    });
    expect(texts.filter((text) => text === 'same').length).toBeLessThanOrEqual(1);
    await a.publish('t', new Uint8Array(1000));
    expect(await codeOf(a.publish('t', new Uint8Array(1001)))).toBe('ERR_NETWORK_LIMIT');
    expect(await codeOf(a.publish('two words', EMPTY))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('reach sixteen nodes of one machine that all dialled the same one at once', async () => {
    const centre = await started();
    const others = await Promise.all(
      Array.from({ length: 15 }, () => started({ keepConnected: [addressOf(centre)] })),
    );
    await until('all are connected', () => centre.peers().length === 15);
    const reached = new Set<Network>();
    centre.subscribe('t', () => 'accept');
    for (const other of others) {
      other.subscribe('t', () => {
        reached.add(other);
        return 'accept';
      });
    }
    const [publisher, ...rest] = others;
    await until('everybody got a message', () => {
      void publisher!.publish('t', utf8ToBytes(`${environment.now()}`));
      return rest.every((other) => reached.has(other));
    });
  });

  it('stop listening to a peer whose messages are rejected', async () => {
    const [liar, judge] = [await started(), await started()];
    await liar.connect(addressOf(judge));
    let judged = 0;
    judge.subscribe('t', () => {
      judged++;
      return 'reject';
    });
    await until('the subscription is known', () => {
      void liar.publish('t', utf8ToBytes(`lie ${environment.now()}`));
      return judged > 0;
    });
    for (let i = 0; i < 20; i++) await liar.publish('t', utf8ToBytes(`lie number ${i}`));
    // gossipsub looks at scores once a second.
    await sleep(environment, 2200);
    const before = judged;
    for (let i = 0; i < 20; i++) await liar.publish('t', utf8ToBytes(`late lie ${i}`));
    await sleep(environment, 300);
    expect(judged).toBe(before);
  });
});
