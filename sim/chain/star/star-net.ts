import type { Environment, Network, SeededRandom } from '../../../packages/interface/src/index.ts';

/** Bytes that one node has sent and received. */
export interface Traffic {
  readonly hub: number;
  /** Of all leaves together. */
  readonly leaves: number;
}

/** Who is connected: everybody with the first, each with the next, or each with the next and two drawn ones. */
export type NetShape = 'star' | 'line' | 'random';

/** The pairs to connect, by number: whoever dials first. */
export function pairsOf(shape: NetShape, nodes: number, random: SeededRandom): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let n = 1; n < nodes; n++) {
    pairs.push([n, shape === 'star' ? 0 : n - 1]);
    if (shape !== 'random') continue;
    for (let more = 0; more < 2; more++) {
      const other = random.below(nodes);
      if (other !== n) pairs.push([n, other]);
    }
  }
  return pairs;
}

/** A hub, and leaves that are connected to it and to nobody else. */
export interface StarNet {
  readonly name: 'simulated' | 'libp2p';
  readonly environment: Environment;
  /** The hub first. */
  readonly nodes: readonly StarNode[];
  /** Lets `ms` pass; ends early once `isOver` holds. */
  pass(ms: number, isOver?: () => boolean): Promise<void>;
  /** Runs what needs the clock. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Connects every leaf with the hub, or the nodes of another shape with each other. */
  connect(): Promise<void>;
  traffic(): Traffic;
  stop(): Promise<void>;
}

/** One node of a star, not yet with a chain. */
export interface StarNode {
  readonly secretKey: Uint8Array;
  readonly network: Network;
}
