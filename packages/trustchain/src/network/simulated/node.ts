import {
  AbortedError,
  type AbortOptions,
  InvalidArgumentError,
  isPublicKeyHex,
  type Network,
  type PublicKey,
  type PublicKeyHex,
  publicKeyFromHex,
  publicKeyToHex,
  throwIfAborted,
} from '@edmp/interface';
import { andThen } from '../../maybe-promise.ts';
import { NetworkError, notRunning, stopped } from '../errors.ts';
import type { FrameStream } from '../frame-stream.ts';
import { keepConnected } from '../keep-connected.ts';
import { openWork } from '../open-work.ts';
import { peerPenalties } from '../peer-penalties.ts';
import { type PeerTable, peerTable } from '../peer-table.ts';
import { type LazySignal, requestFrames } from '../request-client.ts';
import { requestServer } from '../request-server.ts';
import { topicTable } from '../topic-table.ts';
import { type Connection, connectNodes } from './connection.ts';
import { seenMessages } from './message-ids.ts';
import type { World } from './world.ts';

const ADDRESS_PREFIX = '/sim/';

/** Options of a simulated node. */
export interface SimulatedNodeOptions {
  /** The node's key. Default: 32 bytes drawn from the seed (not a key that could sign). */
  readonly self?: PublicKey;
  /** Addresses dialled at start and again, with growing waits, whenever the peer there is gone. Default none. */
  readonly keepConnected?: readonly string[];
}

/** A node as its neighbours and the simulation see it. */
export interface SimulatedNode {
  readonly key: PublicKey;
  readonly hex: PublicKeyHex;
  readonly network: Network;
  readonly peers: PeerTable;
  readonly connections: Map<PublicKeyHex, Connection>;
  /** Peers that this node has been connected to and can dial again. */
  readonly known: Set<PublicKeyHex>;
  isRunning(): boolean;
  followsTopic(topic: string): boolean;
  serve(protocol: string, from: PublicKey, stream: FrameStream): Promise<void>;
  receiveTopic(topic: string, body: Uint8Array, from: SimulatedNode): void;
  /** Ends at once, as a process that is killed. */
  halt(how: 'stop' | 'crash'): void;
}

/** Address of a simulated node: `/sim/` and its key as hexadecimal text. */
export function simulatedAddress(key: PublicKey): string {
  return `${ADDRESS_PREFIX}${publicKeyToHex(key)}`;
}

/** Makes a node that is not started. */
export function simulatedNode(world: World, key: PublicKey, options: SimulatedNodeOptions): SimulatedNode {
  const { environment, queue, random } = world;
  const hex = publicKeyToHex(key);
  const peers = peerTable();
  const connections = new Map<PublicKeyHex, Connection>();
  const known = new Set<PublicKeyHex>();
  const work = openWork();
  const server = requestServer({ environment });
  const penalties = peerPenalties({ environment });
  const topics = topicTable({ penalties });
  const seen = seenMessages(environment);
  const keptAddresses = options.keepConnected ?? [];
  for (const address of keptAddresses) keyOfAddress(address);
  let running = false;
  let stopKeeping: (() => void) | undefined;

  const checkRunning = (): void => {
    if (!running) throw notRunning();
  };
  const spread = (topic: string, body: Uint8Array, except?: SimulatedNode): void => {
    for (const [peer, connection] of [...connections]) {
      if (peer !== except?.hex && world.nodes.get(peer)?.followsTopic(topic) === true)
        connection.sendTopic(node, topic, body);
    }
  };
  const judge = (topic: string, body: Uint8Array, from: SimulatedNode): void => {
    // Copied: the same bytes travel on, whatever the handler does with its own.
    void andThen(topics.judge(topic, body.slice(), from.key, from.hex), (verdict) => {
      if (verdict === 'accept' && running) spread(topic, body, from);
    });
  };

  /** Waits `ms` of the simulation; fails at once when the caller aborts or the node ends. */
  const wait = (ms: number, { signal }: AbortOptions): Promise<void> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void =>
        settle(() => reject(new AbortedError(undefined, { cause: signal?.reason })));
      const release = work.add((error) => settle(() => reject(error)));
      const settle = (finish: () => void): void => {
        release();
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.at(environment.now() + ms, () => settle(resolve));
    });

  const dial = async (target: PublicKey, abort: AbortOptions): Promise<Connection> => {
    const peer = publicKeyToHex(target);
    const present = connections.get(peer);
    if (present !== undefined) return present;
    const roundTrip = world.latency(random) + world.latency(random);
    await wait(world.reachable(hex, peer) ? roundTrip : world.dialTimeoutMs, abort);
    const found = world.nodes.get(peer);
    if (found === undefined || !found.isRunning() || !world.reachable(hex, peer)) {
      throw new NetworkError('ERR_NETWORK_UNREACHABLE', `Nobody answers at ${simulatedAddress(target)}`);
    }
    return connections.get(peer) ?? connectNodes(world, node, found);
  };
  const openStream = (
    target: PublicKey,
    protocol: string,
    abort: LazySignal,
  ): FrameStream | Promise<FrameStream> => {
    checkRunning();
    const peer = publicKeyToHex(target);
    const present = connections.get(peer);
    if (present !== undefined) return present.openStream(node, protocol);
    if (!known.has(peer)) {
      throw new NetworkError('ERR_NETWORK_UNREACHABLE', `No connection to ${peer} and no address of it`);
    }
    return dial(target, { signal: abort.signal }).then((dialled) => dialled.openStream(node, protocol));
  };

  const network: Network = {
    self: key,
    addresses: () => (running ? [simulatedAddress(key)] : []),
    peers: () => peers.keys(),
    onPeer: (listener) => peers.onPeer(listener),
    async start() {
      if (running) return;
      if (world.nodes.get(hex) !== node) {
        throw new InvalidArgumentError('This node was replaced by a newer one with the same key');
      }
      running = true;
      world.note('start', key);
      if (keptAddresses.length > 0)
        stopKeeping = keepConnected({ environment, network, addresses: keptAddresses });
    },
    [Symbol.asyncDispose]() {
      return this.stop();
    },
    async stop() {
      node.halt('stop');
    },
    async connect(address, abort = {}) {
      throwIfAborted(abort.signal);
      const target = keyOfAddress(address);
      if (publicKeyToHex(target) === hex) {
        throw new InvalidArgumentError('A node cannot connect to itself');
      }
      checkRunning();
      await dial(target, abort);
      return target;
    },
    request(peer, protocol, body, requestOptions = {}) {
      return requestFrames({
        environment,
        protocol,
        body,
        options: requestOptions,
        work,
        open: (abort) => openStream(peer, protocol, abort),
      });
    },
    handle: (protocol, handler, handleOptions) => server.handle(protocol, handler, handleOptions),
    async publish(topic, body) {
      topics.checkOutgoing(topic, body);
      checkRunning();
      world.note('publish', key, undefined, topic, body.length);
      const own = body.slice(); // the caller may use its buffer again
      if (seen.first(world.ids.idOf(topic, own))) spread(topic, own);
    },
    subscribe: (topic, handler) => topics.subscribe(topic, handler),
  };

  const node: SimulatedNode = {
    key,
    hex,
    network,
    peers,
    connections,
    known,
    isRunning: () => running,
    followsTopic: (topic) => running && topics.has(topic),
    serve: (protocol, from, stream) => server.serve(protocol, from, stream),
    receiveTopic(topic, body, from) {
      if (!running || !topics.has(topic) || penalties.ignored(from.hex)) return;
      if (!seen.first(world.ids.idOf(topic, body))) return;
      world.note('deliver', from.key, key, topic, body.length);
      judge(topic, body, from);
    },
    halt(how) {
      if (!running) return;
      running = false;
      world.note(how, key);
      stopKeeping?.();
      stopKeeping = undefined;
      const reason = stopped();
      work.failAll(reason);
      server.endAll(reason);
      for (const connection of [...connections.values()]) connection.close(node, reason);
      peers.clear();
      if (how === 'crash') known.clear();
    },
  };
  return node;
}

/** The key in an address. Throws `ERR_INVALID_ARGUMENT`. */
function keyOfAddress(address: string): PublicKey {
  const text = String(address);
  const rest = text.startsWith(ADDRESS_PREFIX) ? text.slice(ADDRESS_PREFIX.length) : '';
  if (!isPublicKeyHex(rest)) {
    throw new InvalidArgumentError(
      `An address is /sim/ and 64 lower-case hexadecimal characters, got ${JSON.stringify(text.slice(0, 100))}`,
    );
  }
  return publicKeyFromHex(rest);
}
