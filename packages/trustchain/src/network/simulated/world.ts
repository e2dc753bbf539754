import type { Environment, PublicKey, PublicKeyHex, SeededRandom } from '@edmp/interface';
import type { EventQueue } from './event-queue.ts';
import type { SimulatedEvent, TamperHook, TopicFaults } from './events.ts';
import type { Latency } from './latency.ts';
import type { MessageIds } from './message-ids.ts';
import type { SimulatedNode } from './node.ts';

/** What all nodes of one simulation share. */
export interface World {
  readonly environment: Environment;
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly latency: Latency;
  readonly ids: MessageIds;
  readonly nodes: Map<PublicKeyHex, SimulatedNode>;
  readonly tampering: Map<PublicKeyHex, TamperHook>;
  readonly dialTimeoutMs: number;
  faults: TopicFaults;
  /** Whether the partitions let two nodes talk. */
  reachable(a: PublicKeyHex, b: PublicKeyHex): boolean;
  /** Counts and reports one event. */
  note(type: SimulatedEvent['type'], from?: PublicKey, to?: PublicKey, name?: string, bytes?: number): void;
}
