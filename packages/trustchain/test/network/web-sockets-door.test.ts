/** What a listener for WebSockets holds of those who have not proved a key: sockets that say nothing, messages without an end. */
import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { seededRandom, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type Libp2pNetwork, type Libp2pNetworkOptions, libp2pNetwork } from '@edmp/trustchain/libp2p';
import { webSockets } from '@libp2p/websockets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { inboundLimits } from '../../src/network/libp2p/inbound-table.ts';
import { guardWebSockets } from '../../src/network/libp2p/web-sockets-door.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const toEnd: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of toEnd.splice(0).reverse()) await end();
});

async function started(options: Partial<Libp2pNetworkOptions> = {}): Promise<Libp2pNetwork> {
  const network = libp2pNetwork({
    environment,
    crypto,
    secretKey: environment.randomBytes(32),
    transports: [webSockets()],
    listen: ['/ip4/127.0.0.1/tcp/0/ws'],
    ...options,
  });
  toEnd.push(() => network.stop());
  await network.start();
  return network;
}

const portOf = (network: Libp2pNetwork): number =>
  Number(/tcp\/(\d+)/.exec(network.addresses()[0] ?? '')?.[1]);

/** A socket that says `text` at most; whether it is closed is told. */
async function socketTo(port: number, host: string, text = ''): Promise<{ readonly closed: () => boolean }> {
  let isClosed = false;
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress: host });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
  });
  toEnd.push(() => socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  if (text !== '') socket.write(text);
  return { closed: () => isClosed };
}

describe('a listener for WebSockets', () => {
  it.each([
    ['nothing', ''],
    ['half a request', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ])('holds few sockets of one host that say %s, and takes others in', async (_what, text) => {
    const network = await started({ maxConnectionsFromLoopback: 4 });
    const port = portOf(network);
    const sockets: Awaited<ReturnType<typeof socketTo>>[] = [];
    for (let i = 0; i < 30; i++) sockets.push(await socketTo(port, '127.0.0.7', text));
    // Four and eight spare ones.
    await vi.waitFor(() => expect(sockets.filter(({ closed }) => closed())).toHaveLength(18), {
      timeout: bounds.wait,
    });
    const honest = await started({ listen: [] });
    await honest.connect(network.addresses()[0] ?? '');
    expect(network.peers()).toHaveLength(1);
  });

  it('gathers no message of megabytes', async () => {
    const network = await started();
    const socket = new WebSocket(`ws://127.0.0.1:${portOf(network)}`);
    const ended = new Promise<number>((resolve) => {
      socket.addEventListener('close', ({ code }) => resolve(code));
    });
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    socket.send(new Uint8Array(2 * 1024 * 1024));
    // Message too big (RFC 6455 §7.4.1), or cut off in the middle of it.
    expect([1009, 1006]).toContain(await ended);
  });
});

describe('frames that are none', () => {
  const UPGRADE = [
    'GET / HTTP/1.1',
    'Host: x',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ].join('\r\n');

  it('end the connection that they come on, and nothing else', async () => {
    const network = await started();
    const port = portOf(network);
    const random = seededRandom(3);
    const frames = [
      [0xff, 0xff, 0, 0],
      // Unmasked, of an unknown kind, longer than any number.
      [0x82, 0x05, 1, 2, 3, 4, 5],
      [0x8f, 0x80, 0, 0, 0, 0],
      [0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      ...Array.from({ length: 40 }, () => [...random.bytes(1 + random.below(40))]),
    ];
    // What nobody catches fails this run.
    for (const frame of frames) {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.write(`${UPGRADE}\r\n\r\n`);
      await new Promise((resolve) => socket.once('data', resolve));
      const ended = new Promise((resolve) => socket.once('close', resolve));
      socket.end(Uint8Array.from(frame));
      await ended;
    }
    const honest = await started({ listen: [] });
    await honest.connect(network.addresses()[0] ?? '');
    expect(network.peers()).toHaveLength(1);
  });
});

describe('the door', () => {
  class FakeSocket extends EventEmitter {
    destroyed = false;
    silence: [number, () => void] | undefined;
    readonly remoteAddress: string | undefined;
    constructor(remoteAddress: string | undefined) {
      super();
      this.remoteAddress = remoteAddress;
    }
    setTimeout(ms: number, onTimeout: () => void): void {
      this.silence = [ms, onTimeout];
    }
    destroy(): void {
      if (this.destroyed) return;
      this.destroyed = true;
      this.emit('close');
    }
  }
  const door = () => {
    const server = Object.assign(new EventEmitter(), { maxConnections: undefined as number | undefined });
    const wsServer = { options: {} as { maxPayload?: number }, handleUpgrade: () => undefined };
    const listener = { server, wsServer };
    guardWebSockets(listener, inboundLimits({ maxConnections: 20, maxConnectionsPerHost: 2 }));
    const come = (address: string | undefined): FakeSocket => {
      const socket = new FakeSocket(address);
      server.emit('connection', socket);
      return socket;
    };
    return { listener, come };
  };

  it('gives every host its places back, and no host those of another', () => {
    const { listener, come } = door();
    expect(listener.server.maxConnections).toBe(84);
    expect(listener.wsServer.options.maxPayload).toBe(1024 * 1024);
    for (const address of ['203.0.113.1', '::ffff:203.0.113.2', '2001:db8::1', undefined]) {
      const first = Array.from({ length: 12 }, () => come(address));
      expect(first.map(({ destroyed }) => destroyed)).toEqual(first.map((_, i) => i >= 10));
      first[0]?.destroy();
      expect(come(address).destroyed).toBe(false);
      expect(come(address).destroyed).toBe(true);
    }
    // One network of IPv6 is one host; mapped IPv4 is the IPv4 host.
    expect(come('2001:db8::2').destroyed).toBe(true);
    expect(come('203.0.113.2').destroyed).toBe(true);
    expect(come('2001:db8:0:1::1').destroyed).toBe(false);
    expect(() => come('rubbish:')).not.toThrow();
  });

  it('shows out who says nothing', () => {
    const socket = door().come('203.0.113.1');
    const [ms, onTimeout] = socket.silence ?? [];
    expect(ms).toBe(10_000);
    onTimeout?.();
    expect(socket.destroyed).toBe(true);
  });

  it('leaves listeners of other kinds alone', () => {
    const listener = { server: new EventEmitter() };
    guardWebSockets(listener, inboundLimits({}));
    expect(listener.server.listenerCount('connection')).toBe(0);
  });
});
