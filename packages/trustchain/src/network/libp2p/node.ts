import { gossipsub } from '@libp2p/gossipsub';
import { type Identify, identify, identifyPush } from '@libp2p/identify';
import type { Libp2p, PeerId, PrivateKey } from '@libp2p/interface';
import { yamux } from '@libp2p/yamux';
import type { Multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { withHalfReadBudget } from './gossip-receiving.ts';
import type { InboundLimits, InboundTable } from './inbound-table.ts';
import { fastNoise } from './noise-cipher.ts';
import type { Libp2pNetworkOptions, Libp2pTransport } from './options.ts';
import { hasEd25519Key } from './peer-identity.ts';
import { type GossipSub, type GossipSubOptions, gossipSubOptions } from './pubsub.ts';
import { letLocksRest } from './resting-locks.ts';

/** A libp2p node as this package runs it. */
export type EdmpLibp2p = Libp2p<{ identify: Identify; pubsub: GossipSub }>;

const MIB = 1024 * 1024;
/** Streams that one connection may have open each way. */
export const MAX_STREAMS_PER_CONNECTION = 1000;

/** Longest that an address of a peer is remembered, ms. By itself libp2p forgets after an hour where a connected peer listens. */
const ADDRESS_AGE_MS = 30 * 24 * 3_600_000;
/** Addresses of one peer that are dialled in turn; it may tell of any number. */
const MAX_ADDRESSES_DIALLED = 12;

/** What {@link createNode} makes a node of. */
export interface NodeParts {
  readonly privateKey: PrivateKey;
  readonly options: Libp2pNetworkOptions;
  readonly transports: readonly Libp2pTransport[];
  readonly topics: GossipSubOptions;
  readonly limits: InboundLimits;
  readonly inbound: InboundTable;
  /** Addresses through relays, told to others besides those listened on or announced. */
  readonly relayed: () => readonly Multiaddr[];
}

/**
 * A libp2p node, not started: transports, noise, yamux, identify, gossipsub, and nothing that looks for peers by itself:
 * no bootstrap list, DNS, mDNS, UPnP, AutoNAT or DHT.
 */
export async function createNode(parts: NodeParts): Promise<EdmpLibp2p> {
  const { privateKey, options, topics, limits, inbound } = parts;
  letLocksRest();
  const refuseOtherKeys = (peer: PeerId): boolean => !hasEd25519Key(peer);
  const perSecond = options.maxConnectionsPerHostPerSecond ?? 50;
  const node = await createLibp2p({
    start: false,
    privateKey,
    // Without these the agent string would give away the versions of Node and libp2p to every peer.
    nodeInfo: { name: 'edmp', version: '1', userAgent: 'edmp/1' },
    addresses: {
      listen: [...(options.listen ?? ['/ip4/127.0.0.1/tcp/0'])],
      announce: [...(options.announce ?? [])],
      announceFilter: (addresses) => [...addresses, ...parts.relayed()],
    },
    peerStore: { maxAddressAge: ADDRESS_AGE_MS, maxPeerAge: ADDRESS_AGE_MS },
    transports: [...parts.transports],
    connectionEncrypters: [fastNoise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
        maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
        // A paused stream receives at most one more window, which must fit its read buffer or libp2p resets it;
        // the default window may grow to 16 MiB, the buffer is 4 MiB.
        streamOptions: { maxStreamWindowSize: MIB, maxReadBufferLength: 4 * MIB },
      }),
    ],
    connectionGater: {
      denyDialMultiaddr: () => false, // browsers refuse loopback otherwise
      denyInboundConnection: inbound.refuses,
      denyInboundEncryptedConnection: (peer, connection) =>
        refuseOtherKeys(peer) || inbound.refusesPeer(peer, connection),
      denyOutboundEncryptedConnection: refuseOtherKeys,
    },
    connectionManager: {
      maxConnections: limits.maxConnections,
      inboundConnectionThreshold: perSecond,
      // Handshakes are bounded for each host; a few hosts must not keep everybody else waiting.
      maxIncomingPendingConnections: Math.max(10, limits.maxConnections),
      inboundUpgradeTimeout: options.dialTimeoutMs ?? 10_000,
      dialTimeout: options.dialTimeoutMs ?? 10_000,
      maxPeerAddrsToDial: MAX_ADDRESSES_DIALLED,
    },
    // A peer busy with other work for some seconds is not gone; the default of 5 s cuts such connections.
    connectionMonitor: { pingTimeout: { minTimeout: 20_000 } },
    services: {
      ...options.services,
      // Topics reach a peer only after identify; a busy machine must not fail it.
      identify: identify({ timeout: 20_000 }),
      // A reservation at a relay comes after the connections to those who shall tell of it.
      identifyPush: identifyPush({ timeout: 20_000 }),
      pubsub: (components) => gossipsub(gossipSubOptions(topics))(withHalfReadBudget(components)),
    },
  });
  return node as unknown as EdmpLibp2p;
}
