import { virtualEnvironment } from '@edmp/interface';
import type { Connection } from '@libp2p/interface';
import { describe, expect, it } from 'vitest';
import type { EdmpLibp2p } from '../../src/network/libp2p/node.ts';
import { outboundTable } from '../../src/network/libp2p/outbound-table.ts';

interface Fake {
  status: string;
  readonly streams: { protocol: string; status: string }[];
}

/** Connections to peers `0`, `1`, … of which some are kept. */
function world(options: { readonly maxOutbound?: number; readonly kept?: readonly string[] } = {}) {
  const environment = virtualEnvironment();
  const connections: (Connection & Fake)[] = [];
  const table = outboundTable({
    environment,
    maxOutbound: options.maxOutbound ?? 3,
    libp2p: () => ({ getConnections: () => connections }) as unknown as EdmpLibp2p,
    isKept: (id) => options.kept?.includes(id) ?? false,
  });
  const open = (choice: { readonly direction?: string; readonly relayed?: boolean } = {}) => {
    const id = `${connections.length}`;
    const connection = {
      status: 'open',
      direction: choice.direction ?? 'outbound',
      limits: choice.relayed === true ? { bytes: 1n } : undefined,
      remotePeer: { toString: () => id },
      timeline: { open: environment.now() },
      streams: [{ protocol: '/meshsub/1.2.0', status: 'open' }],
      close: async () => {
        connection.status = 'closed';
      },
    } as unknown as Connection & Fake;
    connections.push(connection);
    return connection;
  };
  const closed = (): number[] => connections.flatMap(({ status }, i) => (status === 'open' ? [] : [i]));
  return { environment, table, open, closed };
}

describe('connections that a node opened', () => {
  it('give way to the next when they are too many: the one unused for longest first', async () => {
    const { environment, table, open, closed } = world({ kept: ['1'] });
    const first = open();
    for (let i = 0; i < 2; i++) open();
    open({ direction: 'inbound' });
    table.makeRoom();
    expect(closed()).toEqual([]);
    open();
    await environment.advance(1_000);
    table.used(first);
    table.makeRoom();
    // The first was used since, the second is kept, the fourth came in.
    expect(closed()).toEqual([2]);
  });

  it('are not closed in the middle of a request, and no more are opened then', () => {
    const { table, open, closed } = world({ maxOutbound: 1 });
    open().streams.push({ protocol: '/edmp/test/1', status: 'open' });
    expect(() => table.makeRoom()).toThrow(
      expect.objectContaining({ code: 'ERR_NETWORK_BUSY', retryable: true }),
    );
    expect(closed()).toEqual([]);
  });

  it('through relays are fewer, and end when they are not used', async () => {
    const { environment, table, open, closed } = world({ maxOutbound: 100 });
    table.start();
    for (let i = 0; i < 6; i++) open({ relayed: true });
    open();
    table.makeRoom();
    expect(closed()).toEqual([0]);
    const busy = open({ relayed: true });
    busy.streams.push({ protocol: '/edmp/test/1', status: 'open' });
    await environment.advance(90_000);
    expect(closed()).toEqual([0]);
    await environment.advance(60_000);
    expect(closed()).toEqual([0, 1, 2, 3, 4, 5]);
    table.stop();
    expect(environment.pendingTimers).toBe(0);
  });

  it('through relays are in use as long as much goes over them, whatever it is', async () => {
    const { environment, table, open, closed } = world();
    table.start();
    const limits = { bytes: 10n * 1024n * 1024n };
    Object.assign(open({ relayed: true }), { limits });
    for (let i = 0; i < 10; i++) {
      limits.bytes -= 100_000n;
      await environment.advance(30_000);
    }
    expect(closed()).toEqual([]);
    await environment.advance(120_000);
    expect(closed()).toEqual([0]);
    table.stop();
  });
});
