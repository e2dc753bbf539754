import type { Bench } from './harness.ts';
import { gossip } from './network/gossip.ts';
import { idleConnections } from './network/idle.ts';
import { syncOverLibp2p } from './network/sync.ts';

/** Blocks through networks of several shapes, a chain over libp2p between files, and connections that do nothing. */
export const bench: Bench = {
  name: 'network',
  async run(report) {
    await syncOverLibp2p(report);
    await idleConnections(report);
    await gossip(report);
  },
  parts: { sync: syncOverLibp2p, idle: idleConnections, gossip },
};
