import type { MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { numberIn } from '../checks.ts';
import { hostOf } from './host.ts';
import { isRelayed, relayedAddress } from './relayed-address.ts';

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
  readonly maxConnectionsPerRelay: number;
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
    maxConnectionsPerRelay: numberIn(
      'maxConnectionsPerRelay',
      options.maxConnectionsPerRelay,
      Math.ceil(maxConnections / 3),
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

  /** What a connection counts as coming from, and how many may. */
  const origin = (address: Multiaddr): { readonly group: string; readonly most: number } => {
    // Who comes through a relay shows nothing but the relay, which bounds what each of its peers and hosts may open.
    if (isRelayed(address)) {
      return {
        group: `relay ${relayedAddress(address)?.relayId ?? ''}`,
        most: limits.maxConnectionsPerRelay,
      };
    }
    const host = hostOf(address);
    if (host !== undefined && host.scope !== 'loopback')
      return { group: host.group, most: limits.maxConnectionsPerHost };
    // Transports without IP addresses do not say from where a peer comes: all of theirs count as one machine's.
    return { group: host?.group ?? '', most: limits.maxConnectionsFromLoopback };
  };

  return {
    refuses(connection) {
      const { group, most } = origin(connection.remoteAddr);
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
