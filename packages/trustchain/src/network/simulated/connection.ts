import type { EdmpError } from '@edmp/interface';
import { NetworkError } from '../errors.ts';
import type { FrameStream } from '../frame-stream.ts';
import type { SimulatedNode } from './node.ts';
import { type Carry, type SimulatedStream, streamPair, type Transform } from './stream.ts';
import type { World } from './world.ts';

/** A connection between two nodes. */
export interface Connection {
  readonly open: boolean;
  /** Opens a stream from one of the two to the other, whose server answers it. */
  openStream(from: SimulatedNode, protocol: string): FrameStream;
  /** Sends a topic message to the other end, subject to the faults of the simulation. */
  sendTopic(from: SimulatedNode, topic: string, body: Uint8Array): void;
  /** Ends the connection for both; the streams of `ending` fail with `reason`, those of the other as unreachable. */
  close(ending?: SimulatedNode, reason?: EdmpError): void;
}

/** Joins two nodes, telling both. */
export function connectNodes(world: World, a: SimulatedNode, b: SimulatedNode): Connection {
  const { environment, queue, random } = world;
  const streams = new Set<readonly [SimulatedNode, SimulatedStream]>();
  // Topic messages between two nodes share one ordered stream, as in gossipsub over TCP.
  const lastTopic = new Map<SimulatedNode, number>();
  let open = true;

  const other = (node: SimulatedNode): SimulatedNode => (node === a ? b : a);
  const chance = (probability: number): boolean => probability > 0 && random.unit() < probability;
  const orderedCarry = (): Carry => {
    let last = 0;
    return (effect) => {
      last = Math.max(last, environment.now() + world.latency(random));
      queue.at(last, () => {
        if (open) effect();
      });
    };
  };
  const tampered = (
    from: SimulatedNode,
    kind: 'request' | 'response' | 'topic',
    name: string,
    body: Uint8Array,
  ): readonly Uint8Array[] => {
    const hook = world.tampering.get(from.hex);
    if (hook === undefined) return [body];
    const result = hook({ from: from.key, to: other(from).key, kind, name, body: body.slice() });
    if (result === undefined) return [];
    return result instanceof Uint8Array ? [result] : result;
  };
  const transform =
    (from: SimulatedNode, protocol: string): Transform =>
    (frame) => {
      const { kind, payload } = frame;
      const bodies =
        kind === 'request' || kind === 'data'
          ? tampered(from, kind === 'data' ? 'response' : kind, protocol, payload)
          : [payload];
      for (const body of bodies) world.note('frame', from.key, other(from).key, protocol, body.length);
      return bodies.map((body) => ({ kind, payload: body }));
    };

  const connection: Connection = {
    get open() {
      return open;
    },
    openStream(from, protocol) {
      const to = other(from);
      if (!open) throw new NetworkError('ERR_NETWORK_UNREACHABLE', 'The connection is closed');
      world.note('request', from.key, to.key, protocol);
      const carry: readonly [Carry, Carry] = [orderedCarry(), orderedCarry()];
      const [mine, theirs] = streamPair({
        carry,
        transform: [transform(from, protocol), transform(to, protocol)],
        onReset: (end) => world.note('reset', end === 0 ? from.key : to.key, end === 0 ? to.key : from.key),
      });
      for (const entry of [[from, mine] as const, [to, theirs] as const]) {
        streams.add(entry);
        entry[1].onClose(() => streams.delete(entry));
      }
      carry[0](() => void to.serve(protocol, from.key, theirs));
      return mine;
    },
    sendTopic(from, topic, body) {
      const to = other(from);
      for (const sent of tampered(from, 'topic', topic, body)) {
        if (chance(world.faults.loss)) {
          world.note('lose', from.key, to.key, topic, sent.length);
          continue;
        }
        const twice = chance(world.faults.duplication);
        if (twice) world.note('duplicate', from.key, to.key, topic, sent.length);
        for (let copy = twice ? 2 : 1; copy > 0; copy--) {
          const arrival = environment.now() + world.latency(random);
          let time = Math.max(arrival, lastTopic.get(from) ?? 0);
          if (chance(world.faults.reordering)) time = arrival + 4 * world.latency(random);
          else lastTopic.set(from, time);
          queue.at(time, () => {
            if (open) to.receiveTopic(topic, sent, from);
          });
        }
      }
    },
    close(ending, reason) {
      if (!open) return;
      open = false;
      const broken = new NetworkError('ERR_NETWORK_UNREACHABLE', 'The connection broke');
      for (const [node, stream] of [...streams]) {
        stream.breakOff(node === ending && reason !== undefined ? reason : broken);
      }
      streams.clear();
      world.note('disconnect', a.key, b.key);
      for (const [node, peer] of [[a, b] as const, [b, a] as const]) {
        if (node.connections.get(peer.hex) === connection) node.connections.delete(peer.hex);
        if (node !== ending) node.peers.disconnected(peer.key);
      }
    },
  };
  world.note('connect', a.key, b.key);
  for (const [node, peer] of [[a, b] as const, [b, a] as const]) {
    node.connections.set(peer.hex, connection);
    node.known.add(peer.hex);
  }
  b.peers.connected(a.key);
  a.peers.connected(b.key);
  return connection;
}
