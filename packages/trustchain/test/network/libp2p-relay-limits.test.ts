/** What one host, and what one stream, can take of a relay. Peers dial from loopback addresses that the relay sees as public ones. */
import { singleFrame, systemEnvironment, utf8ToBytes, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import {
  type Libp2pNetwork,
  type Libp2pNetworkOptions,
  libp2pNetwork,
  peerIdOfKey,
  type RelayLimits,
  relayServer,
} from '@edmp/trustchain/libp2p';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import type { MultiaddrConnection } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { type RawNode, rawNode } from './raw-libp2p.ts';
import { codeOf } from './support.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const toStop: (() => Promise<void>)[] = [];
const PROTOCOL = '/edmp/test/1';
const HOP = '/libp2p/circuit/relay/0.2.0/hop';
/** How long a relay waits for a request, ms. */
const HOP_TIMEOUT_MS = 30_000;
/** Statuses of circuit v2. */
const [OK, DENIED] = [100, 202];

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((stop) => stop()));
});

type Transport = NonNullable<Libp2pNetworkOptions['transports']>[number];

interface Upgrader {
  upgradeInbound(connection: MultiaddrConnection, ...rest: unknown[]): unknown;
}

/** An object with one of its methods replaced. */
function replaced<T extends object>(target: T, method: keyof T, by: (...args: never[]) => unknown): T {
  return new Proxy(target, {
    get(object, name) {
      if (name === method) return by;
      const value: unknown = Reflect.get(object, name, object);
      return typeof value === 'function' ? value.bind(object) : value;
    },
  });
}

/** TCP that says of peers from 127.0.0.x that they come from 203.0.113.x (RFC 5737). */
const tcpAsPublic: Transport = (components) => {
  const made = tcp()(components as never);
  const create = made.createListener.bind(made);
  return replaced(made, 'createListener', (options: { readonly upgrader: Upgrader }) => {
    const upgrade = (connection: MultiaddrConnection, ...rest: unknown[]): unknown => {
      const told = connection.remoteAddr.toString().replace('/ip4/127.0.0.', '/ip4/203.0.113.');
      connection.remoteAddr = multiaddr(told);
      return options.upgrader.upgradeInbound(connection, ...rest);
    };
    const upgrader = replaced(options.upgrader, 'upgradeInbound', upgrade);
    return create({ ...options, upgrader } as never);
  });
};

async function started(options: Partial<Libp2pNetworkOptions>): Promise<Libp2pNetwork> {
  const network = libp2pNetwork({
    environment,
    crypto,
    secretKey: environment.randomBytes(32),
    listen: [],
    ...options,
  });
  toStop.push(() => network.stop());
  network.handle(PROTOCOL, async ({ body }) => body);
  await network.start();
  return network;
}

const relay = async (limits: RelayLimits, clock = environment) => {
  const network = await started({
    listen: ['/ip4/127.0.0.1/tcp/0'],
    transports: [tcpAsPublic, circuitRelayTransport()],
    services: { relay: relayServer({ environment: clock, ...limits }) },
  });
  const at = network.addresses()[0] ?? '';
  const service = network.libp2p?.services as unknown as
    | { readonly relay: { readonly reservations: { readonly size: number } } }
    | undefined;
  return { network, at, reservations: () => service?.relay.reservations.size ?? 0 };
};
const from = (host: number): Transport => tcp({ dialOpts: { localAddress: `127.0.0.${host}` } as object });
const at = (host: number, options: Partial<Libp2pNetworkOptions> = {}) =>
  started({ transports: [from(host), circuitRelayTransport()], ...options });
const connected = (network: Libp2pNetwork) =>
  vi.waitFor(() => expect(network.peers()).not.toEqual([]), { timeout: bounds.wait });
const reserved = (network: Libp2pNetwork) =>
  vi.waitFor(() => expect(network.addresses()).not.toEqual([]), { timeout: bounds.wait });
const ask = async (one: Libp2pNetwork, other: Libp2pNetwork): Promise<string> =>
  new TextDecoder().decode(
    await singleFrame(one.request(other.self, PROTOCOL, utf8ToBytes('ping'), { timeoutMs: bounds.wait })),
  );
const reached = (one: Libp2pNetwork, other: Libp2pNetwork) =>
  vi.waitFor(async () => expect(await ask(one, other)).toBe('ping'), { timeout: bounds.wait, interval: 200 });

describe('the places of a relay', () => {
  it('are not all for the identities of one host', async () => {
    const third = await relay({ maxReservationsPerHost: 2 });
    const many = await Promise.all([1, 2, 3].map(() => at(7, { relays: [third.at] })));
    await Promise.all(many.map(connected));
    const honest = await at(8, { relays: [third.at] });
    await reserved(honest);
    await vi.waitFor(() => expect(third.reservations()).toBe(3), { timeout: bounds.wait });
    expect(many.filter((each) => each.addresses().length > 0)).toHaveLength(2);
  });

  it('are counted at every host that a peer is connected from, whichever it came from first', async () => {
    const third = await relay({ maxReservationsPerHost: 1 });
    const outcomes: number[] = [];
    // Each is known from a host of its own, and asks from one that all share.
    for (const host of [21, 22, 23]) {
      const place = { localAddress: `127.0.0.${host}` };
      const raw = await rawNode('Ed25519', place);
      toStop.push(raw.stop);
      await raw.libp2p.dial(raw.parse(third.at));
      place.localAddress = '127.0.0.7';
      outcomes.push(await reserveOn(await raw.libp2p.dial(raw.parse(third.at), { force: true })));
    }
    expect(outcomes).toEqual([OK, DENIED, DENIED]);
    expect(third.reservations()).toBe(1);
  });

  it('carry no more connections for a host at once, nor in an hour, than they say', async () => {
    const clock = virtualEnvironment();
    const third = await relay({ maxCircuitsPerHost: 2, maxCircuitsPerHostPerHour: 3 }, clock);
    const [seller, other] = await Promise.all([1, 2].map((n) => at(30 + n, { relays: [third.at] })));
    if (seller === undefined || other === undefined) throw new Error('two sellers');
    await Promise.all([reserved(seller), reserved(other)]);
    const buyers = await Promise.all([1, 2, 3].map(() => at(7, { keepConnected: [third.at] })));
    await Promise.all(buyers.map(connected));
    const [one, two, three] = buyers;
    if (one === undefined || two === undefined || three === undefined) throw new Error('three buyers');
    await reached(one, seller);
    await reached(two, seller);
    expect(await codeOf(ask(three, seller))).toBe('ERR_NETWORK_UNREACHABLE');
    // Another host is not kept out by them.
    await reached(await connectedAt(9, third.at), seller);
    const way = one.libp2p?.getConnections(peerIdOfKey(seller.self))[0];
    await way?.close();
    await reached(three, seller);
    const next = three.libp2p?.getConnections(peerIdOfKey(seller.self))[0];
    await next?.close();
    // Those of the hour are used up.
    await vi.waitFor(async () => expect(await codeOf(ask(one, other))).toBe('ERR_NETWORK_UNREACHABLE'), {
      timeout: bounds.wait,
    });
    await clock.advance(3_600_000);
    await reached(one, other);
  });
});

const connectedAt = async (host: number, relayAt: string) => {
  const network = await at(host, { keepConnected: [relayAt] });
  await connected(network);
  return network;
};

describe('a stream that asks a relay', () => {
  it('is cut off before it brings more than a request', async () => {
    const third = await relay({});
    const raw = await rawNode('Ed25519', { localAddress: '127.0.0.7' });
    toStop.push(raw.stop);
    const connection = await raw.libp2p.dial(raw.parse(third.at));
    const streams = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const stream = await connection.newStream(HOP);
        // A message of nearly 4 MiB, of which 8 KiB come.
        stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x01));
        stream.send(new Uint8Array(8_192));
        return stream;
      }),
    );
    // Long before a relay gives up waiting for the rest.
    await vi.waitFor(() => expect(streams.map(({ status }) => status)).not.toContain('open'), {
      timeout: HOP_TIMEOUT_MS / 2,
    });
    // The next one is served.
    expect(await reserveOn(connection)).toBe(OK);
  });
});

type RawConnection = Awaited<ReturnType<RawNode['libp2p']['dial']>>;

/** Asks for a reservation; the status of the answer (libp2p specs, relay/circuit-v2). */
async function reserveOn(connection: RawConnection): Promise<number> {
  const stream = await connection.newStream(HOP);
  const answer = new Promise<Uint8Array>((resolve, reject) => {
    stream.addEventListener('message', ({ data }) => resolve(data.subarray()), { once: true });
    stream.addEventListener('close', () => reject(new Error('closed')), { once: true });
  });
  // HopMessage { type: RESERVE }, behind its length.
  stream.send(Uint8Array.of(2, 0x08, 0x00));
  const bytes = await answer;
  await stream.close();
  // Behind the length and the type the fields follow; the status is field 5, a varint of one or two bytes.
  const place = bytes.lastIndexOf(0x28);
  const [low = 0, high = 0] = bytes.subarray(place + 1);
  return low < 128 ? low : (low & 127) | (high << 7);
}
