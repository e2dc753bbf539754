import {
  type AbortOptions,
  InvalidArgumentError,
  isEdmpError,
  type Network,
  type PublicKey,
  singleFrame,
  throwIfAborted,
} from '@edmp/interface';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Connection, PeerId, Stream } from '@libp2p/interface';
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { delayMs } from '../checks.ts';
import { notRunning, stopped } from '../errors.ts';
import type { FrameStream } from '../frame-stream.ts';
import { keepConnected } from '../keep-connected.ts';
import { openWork } from '../open-work.ts';
import { peerPenalties } from '../peer-penalties.ts';
import { peerTable } from '../peer-table.ts';
import { requestFrames } from '../request-client.ts';
import { requestServer } from '../request-server.ts';
import { topicTable } from '../topic-table.ts';
import { dialler, leadsNowhere } from './dialler.ts';
import { networkErrorOf } from './errors.ts';
import { boundSending } from './gossip-sending.ts';
import { guardedTransports } from './guarded-transports.ts';
import { inboundLimits, inboundTable } from './inbound-table.ts';
import { isMissingLibp2p, missingLibp2p } from './missing-peers.ts';
import { createNode, type EdmpLibp2p, MAX_STREAMS_PER_CONNECTION } from './node.ts';
import type { Libp2pNetworkOptions, Libp2pTransport } from './options.ts';
import { hasEd25519Key, keyOfPeerId, peerIdOfKey } from './peer-identity.ts';
import { PEER_LOOKUP_PROTOCOL, peerLookup } from './peer-lookup.ts';
import { ignoreUnknownTopics, joinTopic, leaveTopic } from './pubsub.ts';
import { type RelayReservations, relayReservations } from './relay-slots.ts';
import { libp2pFrameStream } from './stream.ts';

/** Streams of a protocol that a peer may open beyond its quota, so that a refusal can be told instead of a reset. */
const SPARE_STREAMS = 64;

/** Answered once the dialled side has taken the connection in; a peer that does not speak it is taken as it is. */
const HELLO = '/edmp/hello/1';

/** A {@link Network} over libp2p. */
export interface Libp2pNetwork extends Network {
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
  for (const address of [
    ...(options.listen ?? []),
    ...(options.announce ?? []),
    ...(options.keepConnected ?? []),
  ])
    parseAddress(address);
  const relays = new Set((options.relays ?? []).map(relayIdOf));
  const configured = new Set([...relays, ...(options.keepConnected ?? []).flatMap(idsIn)]);
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
  const greeted = new WeakSet<Connection>();
  let node: EdmpLibp2p | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let stopKeeping: (() => void) | undefined;
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
    void server.serve(stream.protocol, from, libp2pFrameStream(stream));
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
    };
    const guarded = guardedTransports(options.transports ?? (await tcpAlone()), isRelay);
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
    if (relays.size > 0 && slots === undefined)
      throw new InvalidArgumentError('To be reached through relays, a node needs circuitRelayTransport()');
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
    const addresses = [...(options.relays ?? []), ...(options.keepConnected ?? [])];
    if (addresses.length > 0) stopKeeping = keepConnected({ environment, network, addresses });
  };

  const stopNode = async (): Promise<void> => {
    work.failAll(stopped());
    server.endAll(stopped());
    await starting?.catch(() => undefined);
    stopKeeping?.();
    stopKeeping = undefined;
    reservations?.stop();
    reservations = undefined;
    await node?.stop();
    node = undefined;
    peers.clear();
  };

  /** Makes sure that the peer, too, knows of the connection: libp2p's dial may resolve before that. */
  const greet = async (connection: Connection, abort: AbortOptions): Promise<void> => {
    if (greeted.has(connection)) return;
    const hello = requestFrames({
      environment,
      protocol: HELLO,
      body: new Uint8Array(),
      options: { ...abort, timeoutMs: dialTimeoutMs },
      work,
      open: (opening) => openOn(connection, HELLO, opening.signal),
    });
    try {
      await singleFrame(hello);
    } catch (error) {
      if (!isEdmpError(error, 'ERR_NETWORK_PROTOCOL')) throw error;
    }
    greeted.add(connection);
  };

  const openStream = async (peer: PublicKey, protocol: string, signal: AbortSignal): Promise<FrameStream> => {
    const peerId = peerIdOfKey(peer);
    const open = running()
      .getConnections(peerId)
      .filter(({ status }) => status === 'open');
    // What a relay carries counts against its limits.
    const best = open.find(({ limits: relayed }) => relayed === undefined) ?? open[0];
    if (best !== undefined) return openOn(best, protocol, signal);
    return openOn(await find(peer, signal), protocol, signal);
  };

  /** Dials what is known of a peer, and where others say that it is: somebody whom both are connected to may know. */
  const find = async (peer: PublicKey, signal: AbortSignal): Promise<Connection> => {
    const peerId = peerIdOfKey(peer);
    const what = `Dialling ${peerId.toString()}`;
    let failure: unknown;
    if (await lookup.knowsAddress(peer)) {
      try {
        return await dials.dialKnown(peerId, what, { signal });
      } catch (error) {
        if (!leadsNowhere(error) || signal.aborted) throw error;
        failure = error;
      }
    }
    const told = await lookup.ask(peer, signal);
    if (told.length > 0) return dials.dialTold(peer, told, what, signal);
    if (failure !== undefined) throw failure;
    return dials.dial(peerId, what, { signal });
  };

  const openOn = async (
    connection: Connection,
    protocol: string,
    signal: AbortSignal,
  ): Promise<FrameStream> => {
    const what = `Opening a stream of ${protocol} to ${connection.remotePeer.toString()}`;
    try {
      const stream = await connection.newStream(protocol, {
        signal,
        maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
        runOnLimitedConnection: true,
      });
      return libp2pFrameStream(stream);
    } catch (error) {
      throw networkErrorOf(what, signal.aborted ? signal.reason : error);
    }
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
      await greet(connection, abort);
      return keyOfPeerId(connection.remotePeer);
    },
    request(peer, protocol, body, requestOptions = {}) {
      return requestFrames({
        environment,
        protocol,
        body,
        options: requestOptions,
        work,
        open: (opening) => openStream(peer, protocol, opening.signal),
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
    isConfigured: (peer) => configured.has(peerIdOfKey(peer).toString()),
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
  return network;
}

/** The multiaddr of `address`. Throws `ERR_INVALID_ARGUMENT`. */
function parseAddress(address: string): Multiaddr {
  let cause: unknown;
  try {
    const parsed = multiaddr(address);
    if (parsed.getComponents().length > 0) return parsed;
  } catch (error) {
    cause = error;
  }
  const got = JSON.stringify(String(address).slice(0, 200));
  throw new InvalidArgumentError(`An address is a multiaddr such as /ip4/127.0.0.1/tcp/4001, got ${got}`, {
    cause,
  });
}

/** The peer id that ends the address of a relay. Throws `ERR_INVALID_ARGUMENT`. */
function relayIdOf(address: string): string {
  const [id] = idsIn(address);
  if (id !== undefined) return id;
  throw new InvalidArgumentError(`The address of a relay ends in its peer id (/p2p/…), got ${address}`);
}

/** The peer id that ends an address; none when it has none. */
function idsIn(address: string): string[] {
  const id = parseAddress(address).getComponents().at(-1);
  return id?.code === CODE_P2P && id.value !== undefined ? [id.value] : [];
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
