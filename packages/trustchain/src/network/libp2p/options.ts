import type { AbortOptions, Crypto, Environment } from '@edmp/interface';
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p';

/** A libp2p transport factory, e.g. `webSockets()` of `@libp2p/websockets`. */
export type Libp2pTransport = NonNullable<Libp2pOptions['transports']>[number];

/** Options of `libp2pNetwork`. */
export interface Libp2pNetworkOptions {
  /** Time and randomness of all waits that this package adds; libp2p's own inner timers use the real clock. */
  readonly environment: Environment;
  /** For the public key of `secretKey` and for message ids. */
  readonly crypto: Pick<Crypto, 'ed25519PublicKey' | 'sha256'>;
  /** 32-byte ed25519 secret seed. The node's peer id is its public key, the same key that signs half blocks. */
  readonly secretKey: Uint8Array;
  /** Multiaddrs to listen on; none = dial only. Default `['/ip4/127.0.0.1/tcp/0']`: loopback, a free port. */
  readonly listen?: readonly string[];
  /**
   * Multiaddrs to tell others instead of those listened on (behind port forwarding), names (`/dns4/…`) among them.
   * Default none. Peers pass names on, but look them up only when somebody told them whom they stay connected to.
   */
  readonly announce?: readonly string[];
  /** Multiaddrs dialled at start and again, with growing waits, whenever the peer there is gone. Default none. */
  readonly keepConnected?: readonly string[];
  /**
   * Relays to be reached through by those who cannot connect to this node: multiaddrs that end in `/p2p/<id>`. It stays
   * connected to them, keeps a reservation at each, and tells its address there. Needs `circuitRelayTransport()` of
   * `@libp2p/circuit-relay-v2` among `transports`. Default none; relayed connections from any other relay are refused.
   */
  readonly relays?: readonly string[];
  /**
   * What connections are made over, e.g. `[tcp(), webSockets(), circuitRelayTransport()]`. Default TCP alone, which is
   * loaded only then.
   */
  readonly transports?: readonly Libp2pTransport[];
  /**
   * The IP addresses of a name, for names that a peer of `keepConnected` or `relays` told of another one. Default: such
   * names are not used.
   */
  readonly resolveName?: (name: string, abort: AbortOptions) => Promise<readonly string[]>;
  /** Further libp2p services (bitswap, a DHT), reachable through {@link Libp2pNetwork.libp2p}. Default none. */
  readonly services?: ServiceFactoryMap;
  /**
   * Connections that this node opens at once, those to `keepConnected` and `relays` apart; the one unused for longest is
   * closed for the next. Default 128.
   */
  readonly maxOutboundConnections?: number;
  /** Connections held at once; further incoming ones are refused. Default 300. */
  readonly maxConnections?: number;
  /**
   * Slots of `maxConnections` that strangers do not get: they are for peers that this node was told about
   * (`keepConnected`) or connected to by address. Default a tenth.
   */
  readonly reservedConnections?: number;
  /**
   * Incoming connections held from one host, handshakes included: an IPv4 address, or a /64 network of IPv6.
   * Default 16.
   */
  readonly maxConnectionsPerHost?: number;
  /** The same for a loopback address, where whole towns of nodes share a machine. Default 256. */
  readonly maxConnectionsFromLoopback?: number;
  /** Incoming connections held that come through one relay. Default a third of `maxConnections`. */
  readonly maxConnectionsPerRelay?: number;
  /** Incoming connections accepted from one host in a second, through a relay for all of its peers. Default 50. */
  readonly maxConnectionsPerHostPerSecond?: number;
  /** Longest dial, and longest handshake of an incoming connection, ms. Default 10 000. */
  readonly dialTimeoutMs?: number;
  /** Largest topic message, bytes. Default 256 KiB. */
  readonly maxTopicMessageBytes?: number;
}
