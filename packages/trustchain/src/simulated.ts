/**
 * Simulated {@link @edmp/interface!index.Network}s: any number of nodes in one process on one clock, deterministic from a
 * seed, with faults on demand.
 *
 * @packageDocumentation
 */
export type { OutgoingFrame, SimulatedEvent, TamperHook, TopicFaults } from './network/simulated/events.ts';
export {
  constantLatency,
  type Latency,
  type LongTailLatencyOptions,
  longTailLatency,
  uniformLatency,
} from './network/simulated/latency.ts';
export {
  type SimulatedNetworks,
  type SimulatedNetworksOptions,
  simulatedNetworks,
} from './network/simulated/networks.ts';
export type { SimulatedNodeOptions } from './network/simulated/node.ts';
