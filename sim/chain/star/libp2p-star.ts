import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeCrypto } from '../../../packages/interface/src/crypto/node.ts';
import { seededRandom, systemEnvironment } from '../../../packages/interface/src/index.ts';
import { libp2pNetwork } from '../../../packages/trustchain/src/libp2p.ts';
import { type NetShape, pairsOf, type StarNet, type StarNode } from './star-net.ts';

/** Leaves that dial at once: their handshakes share a processor. */
const DIALS_AT_ONCE = 8;
const STEP_MS = 5;

/** A star, or another shape, of real nodes on loopback: libp2p over TCP, noise and yamux, topics by gossipsub, all in this process. */
export async function libp2pStar(seed: number, leaves: number, shape: NetShape = 'star'): Promise<StarNet> {
  const environment = systemEnvironment();
  const crypto = nodeCrypto();
  const random = seededRandom(seed).fork('star');
  const sockets: Socket[] = [];
  // Every connection has its accepting end in this process.
  const onSocket = (message: unknown): void => {
    sockets.push((message as { readonly socket: Socket }).socket);
  };
  subscribe('net.server.socket', onSocket);
  const nodes: StarNode[] = [];
  const room = leaves + 64;
  for (let n = 0; n <= leaves; n++) {
    const secretKey = random.bytes(32);
    const isHub = n === 0;
    const network = libp2pNetwork({
      environment,
      crypto,
      secretKey,
      listen: isHub || shape !== 'star' ? ['/ip4/127.0.0.1/tcp/0'] : [],
      ...(isHub
        ? {
            maxConnections: 2 * room,
            maxConnectionsFromLoopback: room,
            maxConnectionsPerHostPerSecond: 1_000,
          }
        : {}),
      dialTimeoutMs: 60_000,
    });
    await network.start();
    nodes.push({ secretKey, network });
  }
  return {
    name: 'libp2p',
    environment,
    nodes,
    async pass(ms, isOver) {
      const end = performance.now() + ms;
      while (performance.now() < end && isOver?.() !== true) await sleep(isOver === undefined ? ms : STEP_MS);
    },
    run: (work) => work,
    async connect() {
      const pairs = pairsOf(shape, nodes.length, random);
      for (let n = 0; n < pairs.length; n += DIALS_AT_ONCE)
        await Promise.all(
          pairs.slice(n, n + DIALS_AT_ONCE).map(async ([from, to]) => {
            const [address] = nodes[to]?.network.addresses() ?? [];
            if (address === undefined) throw new Error('a node listens nowhere');
            await nodes[from]?.network.connect(address);
          }),
        );
    },
    traffic() {
      const bytes = sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
      return { hub: bytes, leaves: bytes };
    },
    async stop() {
      unsubscribe('net.server.socket', onSocket);
      await Promise.all(nodes.map(({ network }) => network.stop()));
    },
  };
}
