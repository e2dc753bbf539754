import { createServer } from 'node:net';
import { type Network, singleFrame, systemEnvironment, utf8ToBytes } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeFrame, libp2pNetwork, peerIdOfKey } from '@edmp/trustchain/libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { type RawNode, rawNode } from './raw-libp2p.ts';
import { codeOf } from './support.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const toStop: { stop(): Promise<void> }[] = [];
const PROTOCOL = '/edmp/test/1';
const LOOKUP = '/edmp/peers/1';

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((each) => each.stop()));
});

async function started(options: { readonly dialTimeoutMs?: number } = {}): Promise<Network> {
  const secretKey = environment.randomBytes(32);
  const network = libp2pNetwork({ environment, crypto, secretKey, ...options });
  toStop.push(network);
  await network.start();
  network.handle(PROTOCOL, async () => utf8ToBytes('here'));
  return network;
}

/** A peer that answers every lookup with the same lines. */
async function liarWith(lines: readonly string[]): Promise<RawNode & { asked(): number }> {
  const raw = await rawNode();
  toStop.push(raw);
  let asked = 0;
  await raw.libp2p.handle(LOOKUP, async (stream) => {
    asked++;
    for (const kind of ['data', 'end'] as const) {
      stream.send(encodeFrame(kind, kind === 'data' ? utf8ToBytes(lines.join('\n')) : new Uint8Array()));
    }
    await stream.close();
  });
  return Object.assign(raw, { asked: () => asked });
}

/** A TCP server that takes connections, counts them, and never says a word. */
async function bystander(): Promise<{ readonly port: number; dials(): number }> {
  let dials = 0;
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    dials++;
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  toStop.push({
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
  return { port: (server.address() as { port: number }).port, dials: () => dials };
}

const ask = (from: Network, to: Network): Promise<Uint8Array> =>
  singleFrame(from.request(to.self, PROTOCOL, new Uint8Array(), { timeoutMs: bounds.wait }));

describe('peer lookup', () => {
  it('reaches a peer that only a common acquaintance knows', async () => {
    const [alice, hub, bob] = await Promise.all([started(), started(), started()]);
    const [address = ''] = hub.addresses();
    await Promise.all([alice.connect(address), bob.connect(address)]);
    expect(alice.peers()).toHaveLength(1);
    expect(new TextDecoder().decode(await ask(alice, bob))).toBe('here');
    expect(alice.peers()).toHaveLength(2);
  });

  it('tells nothing of peers that are not connected, and says that they cannot be reached', async () => {
    const [alice, hub, gone] = await Promise.all([started(), started(), started()]);
    const [address = ''] = hub.addresses();
    await Promise.all([alice.connect(address), gone.connect(address)]);
    await gone.stop();
    expect(await codeOf(ask(alice, gone))).toBe('ERR_NETWORK_UNREACHABLE');
    const answer = await singleFrame(alice.request(hub.self, LOOKUP, gone.self));
    expect(answer).toEqual(new Uint8Array());
  });

  it.each([
    ['nothing like an address', () => utf8ToBytes('garbage\n/ip4/999.1.1.1/tcp/1\n\u0000')],
    ['bytes that are no text', () => Uint8Array.of(0xff, 0xfe, 0x00)],
    ['another peer in the wanted one’s place', (liar: Network) => utf8ToBytes(liar.addresses()[0] ?? '')],
    [
      'the liar’s address without a name',
      (liar: Network) => utf8ToBytes((liar.addresses()[0] ?? '').replace(/\/p2p\/.*/, '')),
    ],
    ['more than an answer may hold', () => new Uint8Array(100_000)],
  ])('a liar that answers %s causes no more than a failed dial', async (_what, lie) => {
    const alice = await started();
    const stranger = crypto.ed25519PublicKey(environment.randomBytes(32));
    const liar = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
    toStop.push(liar);
    await liar.start();
    const raw = await rawNode();
    toStop.push(raw);
    await raw.libp2p.handle(LOOKUP, async (stream) => {
      for (const kind of ['data', 'end'] as const) {
        stream.send(encodeFrame(kind, kind === 'data' ? lie(liar) : new Uint8Array()));
      }
      await stream.close();
    });
    await alice.connect(raw.address());
    const answer = singleFrame(alice.request(stranger, PROTOCOL, new Uint8Array(), { timeoutMs: 3_000 }));
    expect(await codeOf(answer)).toMatch(/^ERR_(NETWORK_UNREACHABLE|TIMEOUT)$/);
    expect(alice.peers().map((peer) => peerIdOfKey(peer).toString())).not.toContain(
      peerIdOfKey(stranger).toString(),
    );
  });

  it('reaches a peer in spite of acquaintances that name hosts which never answer', async () => {
    const [alice, hub, bob] = await Promise.all([started(), started(), started()]);
    const silent = await bystander();
    const lines = Array.from(
      { length: 8 },
      (_, i) => `/ip4/127.0.0.${i + 1}/tcp/${i === 0 ? silent.port : 9}`,
    );
    for (let i = 0; i < 3; i++) await alice.connect((await liarWith(lines)).address());
    await Promise.all(
      [hub, bob].map((peer) => peer.connect(hub === peer ? alice.addresses()[0]! : hub.addresses()[0]!)),
    );
    const request = alice.request(bob.self, PROTOCOL, new Uint8Array(), { timeoutMs: bounds.wait });
    expect(new TextDecoder().decode(await singleFrame(request))).toBe('here');
    expect(alice.peers()).toHaveLength(5);
  });

  it(
    'does not dial again what a peer named wrongly, nor ask it about that peer for a while',
    async () => {
      const alice = await started({ dialTimeoutMs: 1_000 });
      const stranger = crypto.ed25519PublicKey(environment.randomBytes(32));
      const silent = await bystander();
      const liar = await liarWith([
        `/ip4/127.0.0.1/tcp/${silent.port}`,
        '/ip4/127.0.0.1/tcp/9',
        '/ip4/127.0.0.2/tcp/9',
      ]);
      await alice.connect(liar.address());
      const attempt = (): Promise<string> =>
        codeOf(singleFrame(alice.request(stranger, PROTOCOL, new Uint8Array(), { timeoutMs: 9_000 })));
      for (let i = 0; i < 4; i++) expect(await attempt()).toMatch(/^ERR_(NETWORK_UNREACHABLE|TIMEOUT)$/);
      expect(silent.dials()).toBe(1);
      expect(liar.asked()).toBe(1);
    },
    bounds.journey,
  );

  it.each([
    ['names', (port: number) => `/dns4/localhost/tcp/${port}`],
    ['a transport that is not spoken', (port: number) => `/ip4/127.0.0.1/udp/${port}/quic-v1`],
    ['reserved ranges', (port: number) => `/ip4/255.255.255.255/tcp/${port}`],
    [
      'a way through another peer',
      (port: number, id: string) => `/ip4/127.0.0.1/tcp/${port}/p2p/${id}/p2p-circuit`,
    ],
  ])('dials nothing when a peer answers with %s', async (_what, line) => {
    const alice = await started();
    const stranger = crypto.ed25519PublicKey(environment.randomBytes(32));
    const silent = await bystander();
    const liar = await liarWith([line(silent.port, peerIdOfKey(stranger).toString())]);
    await alice.connect(liar.address());
    expect(await codeOf(ask(alice, { self: stranger } as Network))).toBe('ERR_NETWORK_UNREACHABLE');
    expect(liar.asked()).toBe(1);
    expect(silent.dials()).toBe(0);
  });

  it('refuses a question that is no key', async () => {
    const [alice, hub] = await Promise.all([started(), started()]);
    await alice.connect(hub.addresses()[0] ?? '');
    for (const body of [new Uint8Array(), new Uint8Array(31), new Uint8Array(33)]) {
      expect(await codeOf(singleFrame(alice.request(hub.self, LOOKUP, body)))).toBe('ERR_NETWORK_REMOTE');
    }
    expect(await codeOf(singleFrame(alice.request(hub.self, LOOKUP, new Uint8Array(65))))).toMatch(
      /^ERR_NETWORK/,
    );
  });
});
