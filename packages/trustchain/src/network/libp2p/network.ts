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
import { dialler } from './dialler.ts';
import { networkErrorOf } from './errors.ts';
import { boundSending } from './gossip-sending.ts';
import { inboundLimits, inboundTable } from './inbound-table.ts';
import { createNode, type EdmpLibp2p, MAX_STREAMS_PER_CONNECTION } from './node.ts';
import type { Libp2pNetworkOptions } from './options.ts';
import { hasEd25519Key, keyOfPeerId, peerIdOfKey } from './peer-identity.ts';
import { PEER_LOOKUP_PROTOCOL, peerLookup } from './peer-lookup.ts';
import { ignoreUnknownTopics, joinTopic, leaveTopic } from './pubsub.ts';
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
 * A {@link Network} over libp2p: TCP (and further transports), noise, yamux, identify, gossipsub. Addresses are
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
    const key = await generateKeyPairFromSeed('Ed25519', secretKey);
    const libp2p = await createNode(key, options, gossip, limits, inbound);
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
    if (options.keepConnected !== undefined && options.keepConnected.length > 0) {
      stopKeeping = keepConnected({ environment, network, addresses: options.keepConnected });
    }
  };

  const stopNode = async (): Promise<void> => {
    work.failAll(stopped());
    server.endAll(stopped());
    await starting?.catch(() => undefined);
    stopKeeping?.();
    stopKeeping = undefined;
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
      .find(({ status }) => status === 'open');
    if (open !== undefined) return openOn(open, protocol, signal);
    const what = `Dialling ${peerId.toString()}`;
    // A peer that was never dialled: somebody whom both are connected to may know where it is.
    const told = (await lookup.knowsAddress(peer)) ? [] : await lookup.ask(peer, signal);
    const connection =
      told.length > 0
        ? await dials.dialTold(peer, told, what, signal)
        : await dials.dial(peerId, what, { signal });
    return openOn(connection, protocol, signal);
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
  const lookup = peerLookup({ environment, network, libp2p: () => node });
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
