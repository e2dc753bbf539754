import { connect as connectSocket, type Socket } from 'node:net';
import { sleep, systemEnvironment, withDeadline } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import {
  type Libp2pNetwork,
  type Libp2pNetworkOptions,
  libp2pNetwork,
  peerIdOfKey,
} from '@edmp/trustchain/libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { type RawNode, rawNode } from './raw-libp2p.ts';
import { codeOf } from './support.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
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

async function until(what: string, condition: () => boolean): Promise<void> {
  await withDeadline(environment, bounds.wait, what, async (signal) => {
    while (!condition()) await sleep(environment, 10, { signal });
  });
}

/** A node whose connections come from one address of 127.0.0.0/8. */
async function strangerFrom(host: string): Promise<RawNode> {
  const raw = await rawNode('Ed25519', { localAddress: host });
  toStop.push(raw);
  return raw;
}

/** Whether a peer gets a connection that lasts: the dialling side may learn late that it was refused. */
async function enters(stranger: RawNode, victim: Libp2pNetwork): Promise<boolean> {
  try {
    const connection = await stranger.libp2p.dial(stranger.parse(victim.addresses()[0]!));
    const stream = await connection.newStream('/edmp/hello/1');
    stream.abort(new Error('enough'));
    return true;
  } catch {
    return false;
  }
}

const entering = async (count: number, host: string, victim: Libp2pNetwork): Promise<number> => {
  let entered = 0;
  for (let i = 0; i < count; i++) if (await enters(await strangerFrom(host), victim)) entered++;
  return entered;
};

describe('connection slots', () => {
  it('are not all for one host: newcomers from another one get in', async () => {
    const victim = await started({ maxConnections: 20, maxConnectionsFromLoopback: 4 });
    expect(await entering(8, '127.0.0.7', victim)).toBe(4);
    const honest = await started();
    expect(await codeOf(honest.connect(victim.addresses()[0]!))).toBe('resolved');
    expect(victim.peers()).toHaveLength(5);
  });

  it('are free again when a connection of the host ends', async () => {
    const victim = await started({ maxConnectionsFromLoopback: 1 });
    const first = await strangerFrom('127.0.0.7');
    expect(await enters(first, victim)).toBe(true);
    const second = await strangerFrom('127.0.0.7');
    expect(await enters(second, victim)).toBe(false);
    await first.stop();
    await until('the slot is free', () => victim.peers().length === 0);
    expect(await enters(second, victim)).toBe(true);
  });

  it('are partly kept for the peers that a node connected to or was told about', async () => {
    const friend = await started();
    const awaited = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
    toStop.push(awaited);
    const victim = await started({
      maxConnections: 6,
      reservedConnections: 2,
      keepConnected: [`/ip4/127.0.0.1/tcp/1/p2p/${peerIdOfKey(awaited.self).toString()}`],
    });
    await victim.connect(friend.addresses()[0]!);
    await victim.libp2p!.hangUp(peerIdOfKey(friend.self));
    let strangers = 0;
    for (let host = 10; host < 16; host++) strangers += await entering(1, `127.0.0.${host}`, victim);
    expect(strangers).toBe(4);
    await awaited.start();
    for (const expected of [friend, awaited]) {
      expect(await codeOf(expected.connect(victim.addresses()[0]!))).toBe('resolved');
    }
    expect(victim.peers()).toHaveLength(6);
    const out = await started();
    expect(await codeOf(victim.connect(out.addresses()[0]!))).toBe('resolved');
  });

  it('are four for one peer, however often it dials', async () => {
    const victim = await started();
    const greedy = await strangerFrom('127.0.0.7');
    const target = greedy.parse(victim.addresses()[0]!);
    for (let i = 0; i < 8; i++) {
      await greedy.libp2p.dial(target, { force: true }).catch(() => undefined);
    }
    const open = (): number => victim.libp2p!.getConnections().length;
    expect(await enters(await strangerFrom('127.0.0.8'), victim)).toBe(true);
    expect(open()).toBeLessThanOrEqual(5);
  });

  it('are taken by unfinished handshakes too, which end in time', async () => {
    const victim = await started({ maxConnectionsFromLoopback: 3, dialTimeoutMs: 500 });
    const port = Number(victim.addresses()[0]!.split('/')[4]);
    let ended = 0;
    const sockets: Socket[] = [];
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve) => {
        const socket = connectSocket({ port, host: '127.0.0.1', localAddress: '127.0.0.7' }, resolve);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          ended++;
          resolve();
        });
        socket.resume();
        sockets.push(socket);
      });
    }
    await until('those beyond the cap are refused', () => ended >= 2);
    const honest = await started();
    expect(await codeOf(honest.connect(victim.addresses()[0]!))).toBe('resolved');
    await until('the silent ones are cut off', () => ended === 5);
    expect(await enters(await strangerFrom('127.0.0.7'), victim)).toBe(true);
    for (const socket of sockets) socket.destroy();
  });

  it.each([
    { maxConnections: 0 },
    { maxConnections: 10, reservedConnections: 11 },
    { maxConnectionsPerHost: 0 },
    { maxConnectionsFromLoopback: 0 },
  ])('are refused as %o', (options) => {
    const secretKey = new Uint8Array(32);
    expect(() => libp2pNetwork({ environment, crypto, secretKey, ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });
});
