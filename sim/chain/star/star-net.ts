import type { Environment, Network } from '../../../packages/interface/src/index.ts';

/** Bytes that one node has sent and received. */
export interface Traffic {
  readonly hub: number;
  /** Of all leaves together. */
  readonly leaves: number;
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
  /** Connects every leaf with the hub. */
  connect(): Promise<void>;
  traffic(): Traffic;
  stop(): Promise<void>;
}

/** One node of a star, not yet with a chain. */
export interface StarNode {
  readonly secretKey: Uint8Array;
  readonly network: Network;
}
