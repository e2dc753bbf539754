import { multiaddr } from '@multiformats/multiaddr';
import { hostOf } from './host.ts';
import type { InboundLimits } from './inbound-table.ts';

/** Sockets of one host, and of all, that may be on their way to become connections beside those that are. */
const SPARE_PER_HOST = 8;
const SPARE = 64;
/** Longest silence of a socket that is no WebSocket yet, ms. */
const SILENCE_MS = 10_000;
/** Largest message of a WebSocket, bytes: it is gathered whole, and noise sends no more than 64 KiB in one. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** The part of a socket of Node.js that is used here. */
interface Socket {
  readonly remoteAddress?: string | undefined;
  setTimeout(ms: number, onTimeout: () => void): void;
  once(event: 'close', listener: () => void): void;
  destroy(): void;
}

/** The part of a listener of `@libp2p/websockets` in Node.js that is used here. */
interface WebSocketsListener {
  readonly server: {
    maxConnections?: number;
    prependListener(event: 'connection', listener: (socket: Socket) => void): void;
  };
  readonly wsServer: {
    readonly options: { maxPayload?: number };
    handleUpgrade(request: unknown, socket: unknown, head: unknown, done: Upgraded): void;
  };
}

type Upgraded = (webSocket: ErrorSource, request: unknown) => void;

interface ErrorSource {
  on(event: 'error', listener: () => void): void;
}

function isWebSocketsListener(listener: object): listener is WebSocketsListener {
  const { server, wsServer } = listener as Partial<WebSocketsListener>;
  return typeof server?.prependListener === 'function' && typeof wsServer?.options === 'object';
}

/**
 * Bounds what a listener for WebSockets holds before libp2p knows of it: by itself it keeps any number of sockets that
 * say nothing, for ever, gathers 100 MiB for one message of a peer that has proved no key, and ends the process when a
 * frame is no frame: nobody listens for its errors. Other listeners are left as they are.
 */
export function guardWebSockets(listener: object, limits: InboundLimits): void {
  if (!isWebSocketsListener(listener)) return;
  const { server, wsServer } = listener;
  server.maxConnections = limits.maxConnections + SPARE;
  wsServer.options.maxPayload = MAX_MESSAGE_BYTES;
  const upgrade = wsServer.handleUpgrade.bind(wsServer);
  wsServer.handleUpgrade = (request, upgraded, head, done) =>
    upgrade(request, upgraded, head, (webSocket, from) => {
      // A WebSocket that fails closes by itself, and so does the connection over it.
      webSocket.on('error', () => undefined);
      done(webSocket, from);
    });
  const held = new Map<string, number>();
  server.prependListener('connection', (socket) => {
    const { group, most } = placesOf(socket.remoteAddress, limits);
    const count = held.get(group) ?? 0;
    if (count >= most + SPARE_PER_HOST) {
      socket.destroy();
      return;
    }
    held.set(group, count + 1);
    socket.once('close', () => {
      const left = (held.get(group) ?? 1) - 1;
      if (left > 0) held.set(group, left);
      else held.delete(group);
    });
    // Called off where the socket becomes a WebSocket, of which libp2p wants a handshake in time.
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
  });
}

function placesOf(
  address: string | undefined,
  limits: InboundLimits,
): { readonly group: string; readonly most: number } {
  const loopback = limits.maxConnectionsFromLoopback;
  try {
    const host = hostOf(multiaddr(`/${address?.includes(':') === true ? 'ip6' : 'ip4'}/${address ?? ''}`));
    if (host !== undefined)
      return { group: host.group, most: host.scope === 'loopback' ? loopback : limits.maxConnectionsPerHost };
  } catch {
    // Gone already, or of no kind that is known: all of these share the places of one host.
  }
  return { group: '', most: limits.maxConnectionsPerHost };
}
