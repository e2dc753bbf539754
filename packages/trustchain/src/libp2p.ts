/**
 * A {@link @edmp/interface!index.Network} over libp2p. The `libp2p` and `@libp2p/*` packages are optional peers of this
 * package. Importing this entry where one of them is missing throws `ERR_NETWORK_PROVIDER`, which says what to install;
 * a bundler for browsers says that itself.
 *
 * @packageDocumentation
 */
import type { Environment, PublicKey } from '@edmp/interface';
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2';
import type { PeerId } from '@libp2p/interface';
import type { HostScope } from './network/libp2p/host.ts';
import { isMissingLibp2p, missingLibp2p } from './network/libp2p/missing-peers.ts';
import type { Libp2pNetwork } from './network/libp2p/network.ts';
import type { Libp2pNetworkOptions } from './network/libp2p/options.ts';
import type { RelayLimits, RelayServerComponents } from './network/libp2p/relay-server.ts';
import type * as parts from './network/libp2p/static.ts';

export {
  encodeFrame,
  type Frame,
  type FrameDecoder,
  type FrameKind,
  frameDecoder,
} from './network/framing.ts';
export type { HostScope } from './network/libp2p/host.ts';
export type { Libp2pNetwork } from './network/libp2p/network.ts';
export type { EdmpLibp2p } from './network/libp2p/node.ts';
export type { Libp2pNetworkOptions, Libp2pTransport } from './network/libp2p/options.ts';
export type { PeerConnection } from './network/libp2p/peer-connection.ts';
export type { RelayLimits, RelayServerComponents } from './network/libp2p/relay-server.ts';

const loaded: typeof parts = await import('./network/libp2p/static.ts').catch((cause: unknown) => {
  throw isMissingLibp2p(cause) ? missingLibp2p(cause) : cause;
});

/**
 * A {@link @edmp/interface!index.Network} over libp2p: pluggable transports (TCP by default), noise, yamux, identify, gossipsub.
 * Addresses are multiaddrs. A default node listens on loopback and talks to nobody that it was not told about.
 *
 * Throws `ERR_CRYPTO_KEY` for a secret key of the wrong length and `ERR_INVALID_ARGUMENT` for an address that is none.
 */
export const libp2pNetwork: (options: Libp2pNetworkOptions) => Libp2pNetwork = loaded.libp2pNetwork;

/**
 * From where the host of a multiaddr can be reached, `name` when it is one to be looked up; undefined for an address
 * through a relay, and for what is no address of a host.
 *
 * @param address - A multiaddr.
 */
export const addressScope: (address: string) => HostScope | 'name' | undefined = loaded.addressScope;

/** libp2p's name of a key: an identity multihash of the protobuf-wrapped ed25519 key (libp2p specs, peer-ids §Ed25519). */
export const peerIdOfKey: (key: PublicKey) => PeerId = loaded.peerIdOfKey;

/** The ed25519 key that a peer id contains. Throws `ERR_INVALID_ARGUMENT` for other kinds of key. */
export const keyOfPeerId: (peer: PeerId) => PublicKey = loaded.keyOfPeerId;

/**
 * A libp2p service that has a node relay for peers behind routers (libp2p specs, relay/circuit-v2), within limits that
 * hold for every peer and every host: `libp2pNetwork({ …, services: { relay: relayServer({ environment }) } })`.
 *
 * What it relays is encrypted between the two ends, and it dials nobody. A reservation ends with its peer's connection.
 * Throws `ERR_INVALID_ARGUMENT` for a limit out of range.
 *
 * @param options - Limits, each with its default, and the clock by which hours are counted.
 */
export const relayServer: (
  options: RelayLimits & { readonly environment: Environment },
) => (components: RelayServerComponents) => CircuitRelayService = loaded.relayServer;
