import { equalBytes, singleFrame, systemEnvironment, utf8ToBytes } from '@edmp/interface';
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
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { codeOf } from './support.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const toStop: Libp2pNetwork[] = [];
const PROTOCOL = '/edmp/test/1';

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((each) => each.stop()));
});

async function started(options: Partial<Libp2pNetworkOptions> = {}): Promise<Libp2pNetwork> {
  const network = libp2pNetwork({
    environment,
    crypto,
    secretKey: environment.randomBytes(32),
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    ...options,
  });
  toStop.push(network);
  network.handle(PROTOCOL, async ({ body }) => body);
  await network.start();
  return network;
}

const relay = (limits: RelayLimits = {}, options: Partial<Libp2pNetworkOptions> = {}) =>
  started({
    listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
    services: { relay: relayServer({ environment, ...limits }) },
    ...options,
  });

/** Listens nowhere: reached through relays or not at all. */
const hidden = (relays: readonly string[], options: Partial<Libp2pNetworkOptions> = {}) =>
  started({ listen: [], relays, ...options });

const reserved = (network: Libp2pNetwork) =>
  vi.waitFor(() => expect(network.addresses()).not.toEqual([]), { timeout: bounds.wait });
/** Asks until the relay has heard where the asked one is: what a peer tells of itself is gathered for a second. */
const reached = (from: Libp2pNetwork, to: Libp2pNetwork) =>
  vi.waitFor(async () => expect(await ask(from, to)).toBe('ping'), { timeout: bounds.wait, interval: 200 });

const ask = async (from: Libp2pNetwork, to: Libp2pNetwork, text = 'ping'): Promise<string> =>
  new TextDecoder().decode(
    await singleFrame(
      from.request(to.self, PROTOCOL, utf8ToBytes(text), { timeoutMs: bounds.wait, maxFrameBytes: 1 << 22 }),
    ),
  );
const connectionsTo = (from: Libp2pNetwork, to: Libp2pNetwork) =>
  from.libp2p?.getConnections(peerIdOfKey(to.self)) ?? [];

describe('relays', () => {
  it.each(['tcp', 'ws'])('carry requests between two that listen nowhere, over %s', async (kind) => {
    const third = await relay();
    const at = third.addresses().find((address) => address.includes('/ws') === (kind === 'ws'))!;
    const [seller, buyer] = await Promise.all([hidden([at]), started({ listen: [], keepConnected: [at] })]);
    await reserved(seller);
    expect(seller.addresses()).toEqual([`${at}/p2p-circuit/p2p/${peerIdOfKey(seller.self).toString()}`]);
    await vi.waitFor(() => expect(buyer.peers()).toHaveLength(1), { timeout: bounds.wait });
    // Only the relay knows both: a look-up leads to it.
    await reached(buyer, seller);
    expect(await ask(seller, buyer)).toBe('ping');
    const [connection] = connectionsTo(buyer, seller);
    expect(connection?.limits?.bytes).toBeGreaterThan(60n * 1024n * 1024n);
  });

  it('are reached again, and so is who waits behind them, after a restart', async () => {
    const secretKey = environment.randomBytes(32);
    const first = await relay({}, { secretKey });
    const at = first.addresses().find((address) => !address.includes('/ws'))!;
    const listen = [at.replace(/\/p2p\/.*/, '')];
    const [seller, buyer] = await Promise.all([hidden([at]), started({ listen: [], keepConnected: [at] })]);
    await reserved(seller);
    await reached(buyer, seller);
    await first.stop();
    await vi.waitFor(() => expect(seller.addresses()).toEqual([]), { timeout: bounds.wait });
    await relay({}, { secretKey, listen });
    await reached(buyer, seller);
    expect(seller.addresses()).toHaveLength(1);
  });

  it('that were not chosen connect nobody, and get no reservation', async () => {
    const chosen = await relay();
    const other = await relay();
    const seller = await hidden([chosen.addresses()[0]!], { keepConnected: [other.addresses()[0]!] });
    await reserved(seller);
    await vi.waitFor(() => expect(seller.peers()).toHaveLength(2), { timeout: bounds.wait });
    expect(seller.addresses()).toHaveLength(1);
    // The other pretends to have a reservation, and asks to connect itself.
    const [connection] = connectionsTo(other, seller);
    const stream = await connection!.newStream('/libp2p/circuit/relay/0.2.0/stop');
    await vi.waitFor(() => expect(stream.status).not.toBe('open'), { timeout: bounds.wait });
    expect(seller.addresses()).toHaveLength(1);
  });

  it('cut a connection off at its bytes, and carry the next', async () => {
    const third = await relay({ circuitBytes: 200_000 });
    const at = third.addresses()[0]!;
    const seller = await hidden([at]);
    await reserved(seller);
    const buyer = await started({ listen: [] });
    await buyer.connect(at);
    await reached(buyer, seller);
    const megabyte = 'x'.repeat(1_000_000);
    expect(await codeOf(ask(buyer, seller, megabyte))).toMatch(/^ERR_NETWORK_/);
    expect(await ask(buyer, seller)).toBe('ping');
  });

  it('end a connection when its time is over', async () => {
    const third = await relay({ circuitMs: 1_000 });
    const at = third.addresses()[0]!;
    const seller = await hidden([at]);
    await reserved(seller);
    const buyer = await started({ listen: [] });
    await buyer.connect(at);
    await reached(buyer, seller);
    await vi.waitFor(() => expect(connectionsTo(buyer, seller)).toEqual([]), { timeout: bounds.wait });
    expect(await ask(buyer, seller)).toBe('ping');
  });

  it('keep no place for who is gone', async () => {
    const third = await relay({ maxReservations: 1 });
    const at = third.addresses()[0]!;
    const first = await hidden([at]);
    await reserved(first);
    const second = await hidden([at]);
    await vi.waitFor(() => expect(second.peers()).toHaveLength(1), { timeout: bounds.wait });
    expect(second.addresses()).toEqual([]);
    await first.stop();
    await reserved(second);
  });

  it('connect a peer to so many at once and no more', async () => {
    const third = await relay({ maxCircuitsPerPeer: 2 });
    const at = third.addresses()[0]!;
    const sellers = await Promise.all([hidden([at]), hidden([at]), hidden([at])]);
    await Promise.all(sellers.map(reserved));
    const buyer = await started({ listen: [] });
    await buyer.connect(at);
    await reached(buyer, sellers[0]!);
    await reached(buyer, sellers[1]!);
    expect(await codeOf(ask(buyer, sellers[2]!))).toBe('ERR_NETWORK_UNREACHABLE');
    await connectionsTo(buyer, sellers[0]!)[0]!.close();
    await reached(buyer, sellers[2]!);
  });

  it('are named with their peer ids, and need their transport', async () => {
    const secretKey = environment.randomBytes(32);
    expect(() => libp2pNetwork({ environment, crypto, secretKey, relays: ['/ip4/127.0.0.1/tcp/1'] })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
    const at = `/ip4/127.0.0.1/tcp/1/p2p/${peerIdOfKey(crypto.ed25519PublicKey(secretKey)).toString()}`;
    const without = libp2pNetwork({ environment, crypto, secretKey, relays: [at] });
    expect(await codeOf(without.start())).toBe('ERR_INVALID_ARGUMENT');
  });

  it('are left for a direct connection by whoever can be reached without', async () => {
    const third = await relay();
    const at = third.addresses()[0]!;
    const seller = await hidden([at]);
    await reserved(seller);
    // Found through the relay, this buyer is itself no secret.
    const buyer = await started({ keepConnected: [at] });
    await reached(buyer, seller);
    await vi.waitFor(
      () => {
        const ways = buyer.connections().filter(({ peer }) => equalBytes(peer, seller.self));
        expect(ways.map(({ relay, direction }) => [relay === undefined, direction])).toContainEqual([
          true,
          'inbound',
        ]);
      },
      { timeout: bounds.wait },
    );
    const way = buyer.connections().find(({ relay }) => relay !== undefined);
    if (way !== undefined) {
      expect(way.relay).toEqual(third.self);
      expect(way.address).toContain('/p2p-circuit');
      expect(way.relayBytesLeft).toBeGreaterThan(60 * 1024 * 1024);
    }
  });

  it('may be added while a network runs, and are kept when it is started again', async () => {
    const third = await relay();
    const at = third.addresses()[0]!;
    const seller = await started({ listen: [] });
    seller.stayConnected(at, { relay: true });
    seller.stayConnected(at, { relay: true });
    await reserved(seller);
    await seller.stop();
    await seller.start();
    await reserved(seller);
    expect(() => seller.stayConnected('/ip4/127.0.0.1/tcp/1', { relay: true })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });

  it('are told to topics, too: what one end publishes the other hears', async () => {
    const third = await relay();
    const at = third.addresses()[0]!;
    const [one, other] = await Promise.all([hidden([at]), hidden([at])]);
    await Promise.all([reserved(one), reserved(other)]);
    await reached(one, other);
    const heard: number[] = [];
    // The relay itself does not follow the topic.
    for (const each of [one, other])
      each.subscribe('/edmp/test-topic/1', (body) => {
        heard.push(body.length);
        return 'accept';
      });
    await vi.waitFor(
      async () => {
        await one.publish('/edmp/test-topic/1', environment.randomBytes(8));
        expect(heard).toContain(8);
      },
      { timeout: bounds.wait, interval: 300 },
    );
  });
});

describe('a node that announces a name', () => {
  it('is found by whoever was told to trust a common acquaintance', async () => {
    const hub = await started();
    const [at = ''] = hub.addresses();
    const first = await started();
    const [listen = '', port = ''] = /^.*\/tcp\/(\d+)/.exec(first.addresses()[0] ?? '') ?? [];
    await first.stop();
    const named = await started({
      listen: [listen],
      announce: [`/dns4/home.example/tcp/${port}`],
      keepConnected: [at],
    });
    expect(named.addresses()[0]).toContain(`/dns4/home.example/tcp/${port}/p2p/`);
    const asked: string[] = [];
    const resolveName = async (name: string): Promise<string[]> => {
      asked.push(name);
      return ['127.0.0.1'];
    };
    const stranger = await started({ resolveName });
    await stranger.connect(at);
    const friend = await started({ resolveName, keepConnected: [at] });
    await vi.waitFor(() => expect(friend.peers()).toHaveLength(1), { timeout: bounds.wait });
    await vi.waitFor(
      async () => {
        const answer = await singleFrame(friend.request(hub.self, '/edmp/peers/1', named.self));
        expect(new TextDecoder().decode(answer)).toContain(`/dns4/home.example/tcp/${port}`);
      },
      { timeout: bounds.wait },
    );
    expect(await ask(friend, named)).toBe('ping');
    expect(asked).toEqual(['home.example']);
    expect(await codeOf(ask(stranger, named))).toBe('ERR_NETWORK_UNREACHABLE');
    expect(asked).toEqual(['home.example']);
  });
});
