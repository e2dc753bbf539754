import type { MultiaddrConnection, PeerId } from '@libp2p/interface';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { numberIn } from '../checks.ts';
import { hostOf } from './host.ts';

/** Inbound connections that one peer may hold: simultaneous dials and moves between networks make more than one. */
const MAX_PER_PEER = 4;
/** Peers remembered as expected; the one named longest ago is forgotten first. */
const MAX_EXPECTED = 1_024;

/** Limits of an {@link InboundTable}; see `Libp2pNetworkOptions` for the defaults. */
export interface InboundLimits {
  readonly maxConnections: number;
  readonly reservedConnections: number;
  readonly maxConnectionsPerHost: number;
  readonly maxConnectionsFromLoopback: number;
}

/** {@link InboundLimits} with their defaults. Throws `ERR_INVALID_ARGUMENT`. */
export function inboundLimits(options: Partial<InboundLimits>): InboundLimits {
  const most = 1_000_000;
  const maxConnections = numberIn('maxConnections', options.maxConnections, 300, 1, most);
  const reserved = Math.floor(maxConnections / 10);
  return {
    maxConnections,
    reservedConnections: numberIn(
      'reservedConnections',
      options.reservedConnections,
      reserved,
      0,
      maxConnections,
    ),
    maxConnectionsPerHost: numberIn('maxConnectionsPerHost', options.maxConnectionsPerHost, 16, 1, most),
    maxConnectionsFromLoopback: numberIn(
      'maxConnectionsFromLoopback',
      options.maxConnectionsFromLoopback,
      256,
      1,
      most,
    ),
  };
}

/** Who holds which inbound connection, from the first packet on, and who gets no other. */
export interface InboundTable {
  /** Whether a new connection is refused before its handshake. One that is not is counted until it closes. */
  refuses(connection: MultiaddrConnection): boolean;
  /** Whether a connection is refused now that its peer proved its key. */
  refusesPeer(peer: PeerId, connection: MultiaddrConnection): boolean;
  /** A peer that this node was told about or dialled on purpose: a reserved slot may be its own. */
  expect(peer: string): void;
}

interface Held {
  readonly host: string;
  /** Peer id, once proven. */
  peer?: string;
}

/** An {@link InboundTable} that holds nothing. */
export function inboundTable(limits: InboundLimits): InboundTable {
  const held = new Map<MultiaddrConnection, Held>();
  const expected = new Set<string>();
  const count = (matches: (entry: Held) => boolean): number => [...held.values()].filter(matches).length;

  return {
    refuses(connection) {
      const host = hostOf(connection.remoteAddr);
      // Transports without IP addresses do not say from where a peer comes: all of theirs count as one machine's.
      const group = host?.group ?? '';
      const most =
        host === undefined || host.scope === 'loopback'
          ? limits.maxConnectionsFromLoopback
          : limits.maxConnectionsPerHost;
      if (count((entry) => entry.host === group) >= most) return true;
      held.set(connection, { host: group });
      connection.addEventListener('close', () => held.delete(connection), { once: true });
      return false;
    },
    refusesPeer(peer, connection) {
      const id = peer.toString();
      const isStranger = (entry: Held): boolean => entry.peer !== undefined && !expected.has(entry.peer);
      if (count((entry) => entry.peer === id) >= MAX_PER_PEER) return true;
      const open = limits.maxConnections - limits.reservedConnections;
      if (!expected.has(id) && count(isStranger) >= open) return true;
      const entry = held.get(connection);
      if (entry !== undefined) entry.peer = id;
      return false;
    },
    expect(peer) {
      expected.delete(peer);
      expected.add(peer);
      if (expected.size > MAX_EXPECTED) forgetOldest(expected);
    },
  };
}
