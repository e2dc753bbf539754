import { gossipsub } from '@libp2p/gossipsub';
import { type Identify, identify } from '@libp2p/identify';
import type { Libp2p, PeerId, PrivateKey } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import type { InboundLimits, InboundTable } from './inbound-table.ts';
import { fastNoise } from './noise-cipher.ts';
import type { Libp2pNetworkOptions } from './options.ts';
import { hasEd25519Key } from './peer-identity.ts';
import { type GossipSub, type GossipSubOptions, gossipSubOptions } from './pubsub.ts';
import { letLocksRest } from './resting-locks.ts';

/** A libp2p node as this package runs it. */
export type EdmpLibp2p = Libp2p<{ identify: Identify; pubsub: GossipSub }>;

const MIB = 1024 * 1024;
/** Streams that one connection may have open each way. */
export const MAX_STREAMS_PER_CONNECTION = 1000;

/**
 * A libp2p node, not started: TCP (and what `options.transports` adds), noise, yamux, identify, gossipsub, and
 * nothing that looks for peers by itself: no bootstrap list, DNS, mDNS, UPnP, AutoNAT, relay or DHT.
 */
export async function createNode(
  privateKey: PrivateKey,
  options: Libp2pNetworkOptions,
  topics: GossipSubOptions,
  limits: InboundLimits,
  inbound: InboundTable,
): Promise<EdmpLibp2p> {
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
    },
    transports: [tcp(), ...(options.transports ?? [])],
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
    },
    // A peer busy with other work for some seconds is not gone; the default of 5 s cuts such connections.
    connectionMonitor: { pingTimeout: { minTimeout: 20_000 } },
    services: {
      ...options.services,
      // Topics reach a peer only after identify; a busy machine must not fail it.
      identify: identify({ timeout: 20_000 }),
      pubsub: gossipsub(gossipSubOptions(topics)),
    },
  });
  return node as unknown as EdmpLibp2p;
}
