import {
  type Environment,
  InvalidArgumentError,
  type Network,
  type PublicKey,
  type PublicKeyHex,
  publicKey,
  publicKeyToHex,
  seededRandom,
} from '@edmp/interface';
import { delayMs, numberIn } from '../checks.ts';
import { connectNodes } from './connection.ts';
import { eventQueue } from './event-queue.ts';
import type { SimulatedEvent, TamperHook, TopicFaults } from './events.ts';
import { type Latency, longTailLatency } from './latency.ts';
import { messageIds } from './message-ids.ts';
import { type SimulatedNode, type SimulatedNodeOptions, simulatedAddress, simulatedNode } from './node.ts';
import type { World } from './world.ts';

/** Options of {@link simulatedNetworks}. */
export interface SimulatedNetworksOptions {
  /** The clock of all nodes; a virtual one for a deterministic run. */
  readonly environment: Environment;
  /** Seed of latencies, faults, default keys and random links. Default 1. */
  readonly seed?: number;
  /** Time of one hop. Default {@link longTailLatency} with its defaults. */
  readonly latency?: Latency;
  /** Faults of topic messages. Default none. */
  readonly topicFaults?: Partial<TopicFaults>;
  /** How long dialling into a partition takes until it fails, ms. Default 5000. */
  readonly dialTimeoutMs?: number;
  /** Told of everything that happens, in order. */
  readonly onEvent?: (event: SimulatedEvent) => void;
}

/**
 * Any number of nodes in one process on one clock, with seeded latency, loss, duplication, reordering, partitions,
 * crashes and lies. With a virtual clock, equal seeds and equal calls give equal runs, event for event.
 *
 * Request streams are reliable and ordered until a partition, stop or crash breaks them; topic messages flood from
 * subscriber to subscriber, judged at every hop. A break is noticed by both ends at once.
 */
export interface SimulatedNetworks {
  readonly seed: number;
  /** Makes a node, not started. A key may be used again once its earlier node stopped or crashed: a restart. */
  create(options?: SimulatedNodeOptions): Network;
  /** Address of a node. */
  addressOf(key: PublicKey): string;
  /** Connects two running nodes at once, without a dial. */
  link(a: PublicKey, b: PublicKey): void;
  /** Connects all running nodes: a ring, and random links until each has `degree` on average. */
  linkRandomly(degree: number): void;
  /** Cuts all links between the groups, and between them and the nodes in none. Replaces an earlier partition. */
  partition(...groups: readonly (readonly PublicKey[])[]): void;
  /** Cuts one link until {@link SimulatedNetworks.heal}. */
  cut(a: PublicKey, b: PublicKey): void;
  /** Ends all partitions and cuts. Broken connections stay broken until somebody dials. */
  heal(): void;
  /** Ends a node without a word, as a power cut: its peers see broken connections, its memory of addresses is gone. */
  crash(key: PublicKey): void;
  /** Has everything that a node sends pass through `hook` until the returned function is called. */
  tamper(key: PublicKey, hook: TamperHook): () => void;
  /** Changes some of the faults of topic messages. */
  setTopicFaults(faults: Partial<TopicFaults>): void;
  /** How often something happened so far. */
  count(type: SimulatedEvent['type']): number;
}

const pairOf = (a: PublicKeyHex, b: PublicKeyHex): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

/**
 * A simulation without nodes. See {@link SimulatedNetworks}.
 *
 * @example
 * ```ts
 * import { publicKeyFromHex, virtualEnvironment } from '@edmp/interface';
 * import { simulatedNetworks } from '@edmp/trustchain/simulated';
 *
 * const environment = virtualEnvironment();
 * const networks = simulatedNetworks({ environment });
 * const [a, b] = ['0a', '0b'].map((digits) => networks.create({ self: publicKeyFromHex(digits.repeat(32)) }));
 * if (a === undefined || b === undefined) throw new Error('two networks');
 * await environment.run(Promise.all([a.start(), b.start()]));
 * networks.link(a.self, b.self);
 * await environment.advance(1_000);
 * console.log(a.peers().length); // 1
 * ```
 */
export function simulatedNetworks(options: SimulatedNetworksOptions): SimulatedNetworks {
  const { environment, seed = 1, onEvent } = options;
  const random = seededRandom(seed);
  const keys = random.fork('keys');
  const topology = random.fork('topology');
  const counts = new Map<SimulatedEvent['type'], number>();
  const groups = new Map<PublicKeyHex, number>();
  const cuts = new Set<string>();

  const world: World = {
    environment,
    queue: eventQueue(environment),
    random,
    latency: options.latency ?? longTailLatency(),
    ids: messageIds(environment),
    nodes: new Map(),
    tampering: new Map(),
    dialTimeoutMs: delayMs('dialTimeoutMs', options.dialTimeoutMs, 5000),
    faults: checkedFaults({ loss: 0, duplication: 0, reordering: 0, ...options.topicFaults }),
    reachable: (a, b) => groups.get(a) === groups.get(b) && !cuts.has(pairOf(a, b)),
    note(type, from, to, name, bytes) {
      counts.set(type, (counts.get(type) ?? 0) + 1);
      onEvent?.({
        time: environment.now(),
        type,
        ...(from && { from }),
        ...(to && { to }),
        ...(name === undefined ? {} : { name }),
        ...(bytes === undefined ? {} : { bytes }),
      });
    },
  };

  const nodeOf = (key: PublicKey): SimulatedNode => {
    const node = world.nodes.get(publicKeyToHex(key));
    if (node === undefined)
      throw new InvalidArgumentError('There is no node with this key in the simulation');
    return node;
  };
  const link = (a: SimulatedNode, b: SimulatedNode): void => {
    if (a === b || !a.isRunning() || !b.isRunning() || !world.reachable(a.hex, b.hex)) {
      throw new InvalidArgumentError(
        'Only two different, running nodes on one side of a partition can be linked',
      );
    }
    if (!a.connections.has(b.hex)) connectNodes(world, a, b);
  };
  const breakUnreachable = (): void => {
    for (const node of world.nodes.values()) {
      for (const [peer, connection] of [...node.connections]) {
        if (!world.reachable(node.hex, peer)) connection.close();
      }
    }
  };

  return {
    seed,
    create(nodeOptions = {}) {
      const key = nodeOptions.self ?? publicKey(keys.bytes(32));
      const hex = publicKeyToHex(key);
      if (world.nodes.get(hex)?.isRunning() === true) {
        throw new InvalidArgumentError('A node with this key is running; stop or crash it first');
      }
      const node = simulatedNode(world, key, nodeOptions);
      world.nodes.set(hex, node);
      return node.network;
    },
    addressOf: simulatedAddress,
    link: (a, b) => link(nodeOf(a), nodeOf(b)),
    linkRandomly(degree) {
      const running = [...world.nodes.values()].filter((node) => node.isRunning());
      const at = (index: number): SimulatedNode => running[index % running.length] as SimulatedNode;
      const most = (running.length * (running.length - 1)) / 2;
      const wanted = Math.min(Math.ceil((running.length * degree) / 2), most);
      let links = running.reduce((sum, node) => sum + node.connections.size, 0) / 2;
      const join = (a: SimulatedNode, b: SimulatedNode): void => {
        if (a === b || a.connections.has(b.hex)) return;
        link(a, b);
        links++;
      };
      for (let i = 0; i < running.length; i++) join(at(i), at(i + 1));
      // Bounded: nearly full graphs would leave random draws without a free pair for very long.
      for (let tries = 0; links < wanted && tries < 20 * wanted; tries++) {
        join(at(topology.below(running.length)), at(topology.below(running.length)));
      }
    },
    partition(...sides) {
      groups.clear();
      sides.forEach((side, index) => {
        for (const key of side) groups.set(publicKeyToHex(key), index);
      });
      world.note('partition');
      breakUnreachable();
    },
    cut(a, b) {
      cuts.add(pairOf(publicKeyToHex(a), publicKeyToHex(b)));
      breakUnreachable();
    },
    heal() {
      groups.clear();
      cuts.clear();
      world.note('heal');
    },
    crash: (key) => nodeOf(key).halt('crash'),
    tamper(key, hook) {
      const { hex } = nodeOf(key);
      world.tampering.set(hex, hook);
      return () => {
        if (world.tampering.get(hex) === hook) world.tampering.delete(hex);
      };
    },
    setTopicFaults(faults) {
      world.faults = checkedFaults({ ...world.faults, ...faults });
    },
    count: (type) => counts.get(type) ?? 0,
  };
}

function checkedFaults(faults: TopicFaults): TopicFaults {
  for (const [name, value] of Object.entries(faults)) numberIn(name, value, 0, 0, 1);
  return faults;
}
