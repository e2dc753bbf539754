import type { Environment } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import {
  type CircuitRelayServerComponents,
  type CircuitRelayService,
  circuitRelayServer,
  RELAY_V2_HOP_CODEC,
} from '@libp2p/circuit-relay-v2';
import type { Connection, PeerId, TypedEventTarget } from '@libp2p/interface';
import { numberIn } from '../checks.ts';
import { boundUntilAnswered } from './first-message.ts';
import { hostOf } from './host.ts';
import { type StreamHandler, withSteppedHandlers } from './stepped-registrar.ts';

const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;
/** Longest request of a relay, bytes: a peer id and its addresses. */
const MAX_REQUEST_BYTES = 4 * 1024;
/** A host's new circuits come back over this time. */
const HOUR_SECONDS = 3_600;

/** Limits of {@link relayServer}. Loopback, where whole towns share a host, has only the limits for all and for a peer. */
export interface RelayLimits {
  /** Peers that hold a reservation at once. Default 128. */
  readonly maxReservations?: number;
  /** Reservations of one host: an IPv4 address, or a /64 network of IPv6. Default 8. */
  readonly maxReservationsPerHost?: number;
  /** How long a reservation lasts, ms; its holder renews it. Default 30 minutes. */
  readonly reservationMs?: number;
  /** Relayed connections at once. Default 256. */
  readonly maxCircuits?: number;
  /** Relayed connections that one peer has opened at once. Default 8. */
  readonly maxCircuitsPerPeer?: number;
  /** Relayed connections that the peers of one host have opened at once. Default 16. */
  readonly maxCircuitsPerHost?: number;
  /** Relayed connections that the peers of one host open in an hour: together with `circuitBytes` a bound of its bytes. Default 64. */
  readonly maxCircuitsPerHostPerHour?: number;
  /**
   * Bytes of one relayed connection, both ways together; it is cut off when they are used up. Default 64 MiB: a day of
   * readings at one second, sealed, several times over.
   */
  readonly circuitBytes?: number;
  /** How long one relayed connection lasts, ms. Default 1 hour. */
  readonly circuitMs?: number;
}

/** The part of libp2p's insides that a relay is made of. */
export type RelayServerComponents = CircuitRelayServerComponents & {
  readonly events: TypedEventTarget<{ 'peer:disconnect': CustomEvent<PeerId> }>;
};

const bounded =
  (_protocol: string, handler: StreamHandler): StreamHandler =>
  (stream, connection) => {
    boundUntilAnswered(stream, MAX_REQUEST_BYTES);
    return handler(stream, connection);
  };

/** {@link RelayLimits}, each with its value. */
function limitsOf(limits: RelayLimits): Required<RelayLimits> {
  const most = 1_000_000;
  const count = (name: keyof RelayLimits, usual: number): number =>
    numberIn(name, limits[name], usual, 1, most);
  return {
    maxReservations: count('maxReservations', 128),
    maxReservationsPerHost: count('maxReservationsPerHost', 8),
    reservationMs: numberIn(
      'reservationMs',
      limits.reservationMs,
      30 * MINUTE_MS,
      MINUTE_MS,
      24 * 60 * MINUTE_MS,
    ),
    maxCircuits: count('maxCircuits', 256),
    maxCircuitsPerPeer: count('maxCircuitsPerPeer', 8),
    maxCircuitsPerHost: count('maxCircuitsPerHost', 16),
    maxCircuitsPerHostPerHour: count('maxCircuitsPerHostPerHour', 64),
    circuitBytes: numberIn('circuitBytes', limits.circuitBytes, 64 * MIB, 1024, Number.MAX_SAFE_INTEGER),
    circuitMs: numberIn('circuitMs', limits.circuitMs, 60 * MINUTE_MS, 1_000, 24 * 60 * MINUTE_MS),
  };
}

/**
 * A libp2p service that has a node relay for peers behind routers (libp2p specs, relay/circuit-v2), within limits that
 * hold for every peer and every host: `libp2pNetwork({ …, services: { relay: relayServer({ environment }) } })`.
 *
 * What it relays is encrypted between the two ends, and it dials nobody. A reservation ends with its peer's connection.
 * Throws `ERR_INVALID_ARGUMENT` for a limit out of range.
 *
 * @param options - Limits, each with its default, and the clock by which hours are counted.
 */
export function relayServer(
  options: RelayLimits & { readonly environment: Environment },
): (components: RelayServerComponents) => CircuitRelayService {
  const limits = limitsOf(options);
  const { environment } = options;
  const opened = tokenBuckets(
    { burst: limits.maxCircuitsPerHostPerHour, perSecond: limits.maxCircuitsPerHostPerHour / HOUR_SECONDS },
    () => environment.now(),
  );

  return (components) => {
    const connectionsOf = (peer?: PeerId): Connection[] => components.connectionManager.getConnections(peer);
    const groupOf = (address: Connection['remoteAddr']): string | undefined => {
      const host = hostOf(address);
      // A transport that does not say from where a peer comes: all of theirs count as one host.
      return host?.scope === 'loopback' ? undefined : (host?.group ?? '');
    };
    /** All hosts that a peer is connected from: which connection it asks on is not told, and it may choose. */
    const groupsOf = (peer: PeerId): readonly string[] => {
      const groups = connectionsOf(peer).map(({ remoteAddr }) => groupOf(remoteAddr));
      return [...new Set(groups)].filter((group) => group !== undefined);
    };
    /** Relayed connections open on these: each is the stream on which it was asked for, and so is the one that is asked for now. */
    const circuits = (connections: readonly Connection[]): number =>
      connections.reduce(
        (sum, { streams }) =>
          sum +
          streams.filter(({ protocol, status }) => protocol === RELAY_V2_HOP_CODEC && status === 'open')
            .length,
        0,
      );

    /**
     * Ends a reservation in time to be made anew. What the library does to renew one leaves the timer of the renewal before
     * it running: a reservation of 30 minutes ended after 55, and its holder asked again after 75. The first timer can be
     * called off.
     */
    const end = (peer: PeerId): void => {
      service.reservations.get(peer)?.signal.clear();
      service.reservations.delete(peer);
    };
    const refusesReservation = (peer: PeerId): boolean => {
      const others = [...service.reservations].filter(([other]) => !other.equals(peer));
      const isRefused = groupsOf(peer).some(
        (group) =>
          others.filter(([, { addr }]) => groupOf(addr) === group).length >= limits.maxReservationsPerHost,
      );
      if (!isRefused) end(peer);
      return isRefused;
    };
    const refusesCircuit = (source: PeerId): boolean => {
      const all = connectionsOf();
      if (circuits(connectionsOf(source)) > limits.maxCircuitsPerPeer) return true;
      if (circuits(all) > limits.maxCircuits) return true;
      return groupsOf(source).some((group) => {
        const ofHost = all.filter(({ remoteAddr }) => groupOf(remoteAddr) === group);
        return circuits(ofHost) > limits.maxCircuitsPerHost || !opened.take(group);
      });
    };

    const service = circuitRelayServer({
      hopTimeout: 30_000,
      // One more than may stay open, so that a refusal can be told instead of a reset.
      maxInboundHopStreams: limits.maxCircuitsPerPeer + 2,
      maxOutboundStopStreams: limits.maxCircuits,
      reservations: {
        maxReservations: limits.maxReservations,
        reservationTtl: limits.reservationMs,
        // Told to the peers in seconds, as the specification has it, but kept in ms: they are told a longer time than they get.
        defaultDurationLimit: limits.circuitMs,
        defaultDataLimit: BigInt(limits.circuitBytes),
      },
    })(
      Object.create(withSteppedHandlers(components, bounded), {
        connectionGater: {
          value: {
            ...components.connectionGater,
            denyInboundRelayReservation: refusesReservation,
            denyOutboundRelayedConnection: refusesCircuit,
          },
        },
      }) as CircuitRelayServerComponents,
    );
    // A place that nobody can be reached at any more is free for the next; by itself it would stay taken until it expires.
    components.events.addEventListener('peer:disconnect', ({ detail }) => end(detail));
    return service;
  };
}
