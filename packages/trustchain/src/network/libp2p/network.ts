import { InvalidArgumentError, type Network, type PublicKey, throwIfAborted } from '@edmp/interface';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Connection, PeerId, Stream } from '@libp2p/interface';
import { CODE_P2P } from '@multiformats/multiaddr';
import { delayMs, numberIn } from '../checks.ts';
import { notRunning, stopped } from '../errors.ts';
import { keepConnected } from '../keep-connected.ts';
import { openWork } from '../open-work.ts';
import { peerPenalties } from '../peer-penalties.ts';
import { peerTable } from '../peer-table.ts';
import { requestFrames } from '../request-client.ts';
import { requestServer } from '../request-server.ts';
import { topicTable } from '../topic-table.ts';
import { idIn, parseAddress, relayIdIn } from './address.ts';
import { dialler } from './dialler.ts';
import { directUpgrades } from './direct-upgrade.ts';
import { networkErrorOf } from './errors.ts';
import { boundSending } from './gossip-sending.ts';
import { guardedTransports } from './guarded-transports.ts';
import { inboundLimits, inboundTable } from './inbound-table.ts';
import { isMissingLibp2p, missingLibp2p } from './missing-peers.ts';
import { createNode, type EdmpLibp2p, MAX_STREAMS_PER_CONNECTION } from './node.ts';
import type { Libp2pNetworkOptions, Libp2pTransport } from './options.ts';
import { outboundTable } from './outbound-table.ts';
import { HELLO, outgoingStreams } from './outgoing-streams.ts';
import { type PeerConnection, peerConnections } from './peer-connection.ts';
import { hasEd25519Key, keyOfPeerId, peerIdOfKey } from './peer-identity.ts';
import { PEER_LOOKUP_PROTOCOL, peerLookup } from './peer-lookup.ts';
import { ignoreUnknownTopics, joinTopic, leaveTopic } from './pubsub.ts';
import { type RelayReservations, relayReservations } from './relay-slots.ts';
import { libp2pFrameStream } from './stream.ts';

/** Streams of a protocol that a peer may open beyond its quota, so that a refusal can be told instead of a reset. */
const SPARE_STREAMS = 64;

/** A {@link Network} over libp2p. */
export interface Libp2pNetwork extends Network {
  /** The connections that are open now, several to one peer among them. */
  connections(): readonly PeerConnection[];
  /**
   * Stays connected to an address from now on, as to those of `keepConnected`; with `relay` as to those of `relays`.
   * Throws `ERR_INVALID_ARGUMENT` for an address that is none, and for a relay's without its peer id.
   */
  stayConnected(address: string, choice?: { readonly relay?: boolean }): void;
  /** The libp2p node while the network runs: for further services such as bitswap. Each start makes a new one. */
  readonly libp2p: EdmpLibp2p | undefined;
}

/**
 * A {@link Network} over libp2p: pluggable transports (TCP by default), noise, yamux, identify, gossipsub. Addresses are
 * multiaddrs. A default node listens on loopback and talks to nobody that it was not told about (DESIGN §3.6).
 *
 * Throws `ERR_CRYPTO_KEY` for a secret key of the wrong length and `ERR_INVALID_ARGUMENT` for an address that is none.
 */
export function libp2pNetwork(options: Libp2pNetworkOptions): Libp2pNetwork {
  const { environment, crypto } = options;
  const secretKey = options.secretKey.slice();
  const self = crypto.ed25519PublicKey(secretKey);
  for (const address of [...(options.listen ?? []), ...(options.announce ?? [])]) parseAddress(address);
  const relays = new Set((options.relays ?? []).map(relayIdIn));
  /** Ids of peers that this node was told to stay connected to. */
  const kept = new Set<string | undefined>([...relays, ...(options.keepConnected ?? []).map(idIn)]);
  const dialTimeoutMs = delayMs('dialTimeoutMs', options.dialTimeoutMs, 10_000);

  const limits = inboundLimits(options);
  const inbound = inboundTable(limits);

  const peers = peerTable();
  const work = openWork();
  const server = requestServer({ environment });
  const penalties = peerPenalties({ environment });
  const topics = topicTable({
    penalties,
    ...(options.maxTopicMessageBytes === undefined ? {} : { maxMessageBytes: options.maxTopicMessageBytes }),
  });
  let node: EdmpLibp2p | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  /** Addresses to stay connected to, and how that is ended while the network runs. */
  const keeping = new Map<string, (() => void) | undefined>(
    [...(options.relays ?? []), ...(options.keepConnected ?? [])].map((address) => [address, undefined]),
  );
  let reservations: RelayReservations | undefined;
  const isRelay = (peer: PeerId): boolean => relays.has(peer.toString());

  const running = (): EdmpLibp2p => {
    if (node?.status !== 'started' || stopping !== undefined) throw notRunning();
    return node;
  };

  const onStream = (stream: Stream, connection: Connection): void => {
    const from = keyOfPeerId(connection.remotePeer);
    // libp2p may tell of a peer later than that peer's first stream arrives.
    if (node !== undefined && connection.status === 'open') peers.connected(from);
    outbound.used(connection);
    void server.serve(stream.protocol, from, libp2pFrameStream(stream, environment));
  };
  server.handle(HELLO, async () => new Uint8Array(), { maxRequestBytes: 0, maxConcurrentPerPeer: 2 });
  server.handle(PEER_LOOKUP_PROTOCOL, (request) => lookup.answer(request), {
    maxRequestBytes: 64,
    maxConcurrentPerPeer: 4,
  });
  const serve = (libp2p: EdmpLibp2p, protocol: string, maxConcurrentPerPeer: number): void => {
    // Registered before the first await inside; what may fail later is only telling the peer store.
    libp2p
      .handle(protocol, onStream, {
        maxInboundStreams: maxConcurrentPerPeer + SPARE_STREAMS,
        maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
        runOnLimitedConnection: true,
      })
      .catch(() => undefined);
  };

  const startNode = async (): Promise<void> => {
    const gossip = {
      crypto,
      penalties,
      peersPerHost: limits.maxConnectionsPerHost,
      maxMessageBytes: topics.maxMessageBytes,
      isRelayHost: (ip: string) =>
        (node?.getConnections() ?? []).some(
          ({ remotePeer, remoteAddr }) => isRelay(remotePeer) && remoteAddr.toString().split('/')[2] === ip,
        ),
    };
    const guarded = guardedTransports(options.transports ?? (await tcpAlone()), isRelay, limits);
    const libp2p = await createNode({
      privateKey: await generateKeyPairFromSeed('Ed25519', secretKey),
      options,
      transports: guarded.transports,
      topics: gossip,
      limits,
      inbound,
      relayed: () => reservations?.addresses() ?? [],
    });
    const slots = guarded.slots();
    if (relays.size > 0 && slots === undefined) throw needsRelayTransport();
    reservations =
      slots === undefined ? undefined : relayReservations({ environment, libp2p, slots, isRelay });
    ignoreUnknownTopics(libp2p.services.pubsub);
    boundSending(libp2p.services.pubsub);
    const onPeer =
      (tell: (peer: PublicKey) => void) =>
      ({ detail }: CustomEvent<PeerId>): void => {
        if (libp2p === node && hasEd25519Key(detail)) tell(keyOfPeerId(detail));
      };
    libp2p.addEventListener('peer:connect', onPeer(peers.connected));
    libp2p.addEventListener('peer:disconnect', onPeer(peers.disconnected));
    node = libp2p;
    for (const { protocol, maxConcurrentPerPeer } of server.protocols())
      serve(libp2p, protocol, maxConcurrentPerPeer);
    try {
      await libp2p.start();
    } catch (error) {
      node = undefined;
      throw networkErrorOf(`Listening on ${(options.listen ?? []).join(', ')}`, error);
    }
    for (const topic of topics.topics()) joinTopic(libp2p.services.pubsub, topic, topics);
    directUpgrades({ environment, libp2p, dialTimeoutMs });
    outbound.start();
    for (const address of keeping.keys()) keep(address);
  };

  const keep = (address: string): void => {
    keeping.set(address, keepConnected({ environment, network, addresses: [address] }));
  };

  const stopNode = async (): Promise<void> => {
    work.failAll(stopped());
    server.endAll(stopped());
    await starting?.catch(() => undefined);
    for (const [address, stopKeeping] of keeping) {
      stopKeeping?.();
      keeping.set(address, undefined);
    }
    outbound.stop();
    reservations?.stop();
    reservations = undefined;
    await node?.stop();
    node = undefined;
    peers.clear();
  };

  const network: Libp2pNetwork = {
    self,
    get libp2p() {
      return node;
    },
    addresses: () => node?.getMultiaddrs().map((address) => address.toString()) ?? [],
    peers: () => peers.keys(),
    onPeer: (listener) => peers.onPeer(listener),
    async start() {
      await stopping;
      starting ??= startNode();
      try {
        await starting;
      } catch (error) {
        starting = undefined;
        throw error;
      }
    },
    [Symbol.asyncDispose]() {
      return this.stop();
    },
    async stop() {
      if (starting === undefined) return;
      stopping ??= stopNode().finally(() => {
        stopping = undefined;
        starting = undefined;
      });
      await stopping;
    },
    connections: () => (node === undefined ? [] : peerConnections(node)),
    stayConnected(address, { relay = false } = {}) {
      const id = relay ? relayIdIn(address) : idIn(address);
      if (relay && node?.status === 'started' && reservations === undefined) throw needsRelayTransport();
      kept.add(id);
      if (relay && id !== undefined) relays.add(id);
      if (keeping.has(address)) return;
      keeping.set(address, undefined);
      if (node?.status !== 'started') return;
      keep(address);
      reservations?.attempt();
    },
    async connect(address, abort = {}) {
      throwIfAborted(abort.signal);
      const target = parseAddress(address);
      const named = target.getComponents().at(-1);
      if (named?.value === peerIdOfKey(self).toString()) {
        throw new InvalidArgumentError('A node cannot connect to itself');
      }
      running();
      // Whoever is named here may as well come by itself, and before others do.
      if (named?.code === CODE_P2P && named.value !== undefined) inbound.expect(named.value);
      const connection = await dials.dial(target, `Dialling ${address}`, abort);
      inbound.expect(connection.remotePeer.toString());
      if (keeping.has(address)) kept.add(connection.remotePeer.toString());
      await streams.greet(connection, abort);
      return keyOfPeerId(connection.remotePeer);
    },
    request(peer, protocol, body, requestOptions = {}) {
      return requestFrames({
        environment,
        protocol,
        body,
        options: requestOptions,
        work,
        open: (opening) => streams.to(peer, protocol, opening.signal),
      });
    },
    handle(protocol, handler, handleOptions = {}) {
      const unhandle = server.handle(protocol, handler, handleOptions);
      const served = server.protocols().find((entry) => entry.protocol === protocol);
      if (node !== undefined && served !== undefined) serve(node, protocol, served.maxConcurrentPerPeer);
      return () => {
        unhandle();
        const gone = server.protocols().every((entry) => entry.protocol !== protocol);
        if (gone) node?.unhandle(protocol).catch(() => undefined);
      };
    },
    async publish(topic, body) {
      topics.checkOutgoing(topic, body);
      await running().services.pubsub.publish(topic, body.slice());
    },
    subscribe(topic, handler) {
      const unsubscribe = topics.subscribe(topic, handler);
      if (node?.status === 'started') joinTopic(node.services.pubsub, topic, topics);
      return () => {
        unsubscribe();
        if (node?.status === 'started' && !topics.has(topic)) leaveTopic(node.services.pubsub, topic);
      };
    },
  };
  const lookup = peerLookup({
    environment,
    network,
    libp2p: () => node,
    isConfigured: (peer) => kept.has(peerIdOfKey(peer).toString()),
    resolveName: options.resolveName,
  });
  const dials = dialler({
    environment,
    dialTimeoutMs,
    work,
    lookup,
    running,
    dialled(libp2p, connection) {
      if (libp2p === node && connection.status === 'open')
        peers.connected(keyOfPeerId(connection.remotePeer));
    },
  });
  const outbound = outboundTable({
    environment,
    maxOutbound: numberIn('maxOutboundConnections', options.maxOutboundConnections, 128, 1, 1_000_000),
    libp2p: () => node,
    isKept: (id) => kept.has(id),
  });
  const streams = outgoingStreams({ environment, dialTimeoutMs, work, lookup, dials, outbound, running });
  return network;
}

function needsRelayTransport(): InvalidArgumentError {
  return new InvalidArgumentError('To be reached through relays, a node needs circuitRelayTransport()');
}

/** What a node has when it is given no transports. Throws `ERR_NETWORK_PROVIDER` where it is not installed. */
async function tcpAlone(): Promise<readonly Libp2pTransport[]> {
  try {
    const { tcp } = await import('@libp2p/tcp');
    return [tcp()];
  } catch (cause) {
    throw isMissingLibp2p(cause) ? missingLibp2p(cause) : cause;
  }
}
