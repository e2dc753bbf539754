import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { peerIdOfKey } from '@edmp/trustchain/libp2p';
import type { MultiaddrConnection, PeerId } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { inboundLimits, inboundTable } from '../../src/network/libp2p/inbound-table.ts';

const crypto = nodeCrypto();
const { randomBytes } = systemEnvironment();

const from = (address: string): MultiaddrConnection =>
  Object.assign(new EventTarget(), { remoteAddr: multiaddr(address) }) as unknown as MultiaddrConnection;
const close = (connection: MultiaddrConnection): void => {
  (connection as unknown as EventTarget).dispatchEvent(new Event('close'));
};
const peer = (): PeerId => peerIdOfKey(crypto.ed25519PublicKey(randomBytes(32)));

describe('inbound connections', () => {
  it('are 16 for a remote host, 256 for a loopback one, unless told otherwise', () => {
    const table = inboundTable(inboundLimits({ maxConnections: 10_000 }));
    const accepted = (address: (i: number) => string): number =>
      Array.from({ length: 300 }, (_, i) => table.refuses(from(address(i)))).filter((refused) => !refused)
        .length;
    expect(accepted((i) => `/ip4/8.8.8.8/tcp/${i + 1}`)).toBe(16);
    expect(accepted((i) => `/ip4/8.8.4.4/tcp/${i + 1}`)).toBe(16);
    expect(accepted((i) => `/ip6/::ffff:8.8.4.4/tcp/${i + 1}`)).toBe(0);
    expect(accepted((i) => `/ip4/192.168.1.4/tcp/${i + 1}`)).toBe(16);
    expect(accepted((i) => `/ip4/127.0.0.1/tcp/${i + 1}`)).toBe(256);
  });

  it('of IPv6 are counted by /64 network', () => {
    const table = inboundTable(inboundLimits({ maxConnectionsPerHost: 3 }));
    const refused = Array.from({ length: 5 }, (_, i) =>
      table.refuses(from(`/ip6/2001:db8:0:1::${i + 1}/tcp/1`)),
    );
    expect(refused).toEqual([false, false, false, true, true]);
    expect(table.refuses(from('/ip6/2001:db8:0:2::1/tcp/1'))).toBe(false);
  });

  it('that closed count no more, whether their peer was known or not', () => {
    const table = inboundTable(
      inboundLimits({ maxConnections: 1, reservedConnections: 0, maxConnectionsPerHost: 1 }),
    );
    for (let i = 0; i < 3; i++) {
      const connection = from('/ip4/8.8.8.8/tcp/1');
      expect(table.refuses(connection)).toBe(false);
      if (i > 0) expect(table.refusesPeer(peer(), connection)).toBe(false);
      expect(table.refuses(from('/ip4/8.8.8.8/tcp/1'))).toBe(true);
      close(connection);
    }
  });

  it('of strangers leave the reserved slots free, also when the expected come first', () => {
    const table = inboundTable(inboundLimits({ maxConnections: 5, reservedConnections: 2 }));
    const friends = [peer(), peer()];
    for (const friend of friends) table.expect(friend.toString());
    let host = 0;
    const enters = (who: PeerId): boolean => {
      const connection = from(`/ip4/9.9.9.${++host}/tcp/1`);
      return !table.refuses(connection) && !table.refusesPeer(who, connection);
    };
    expect(enters(friends[0]!)).toBe(true);
    expect(Array.from({ length: 5 }, () => enters(peer()))).toEqual([true, true, true, false, false]);
    expect(enters(friends[1]!)).toBe(true);
  });

  it('that come through a relay are counted by relay, and not as its host', () => {
    const table = inboundTable(inboundLimits({ maxConnectionsPerHost: 1, maxConnectionsPerRelay: 3 }));
    const [one, other, target] = [peer(), peer(), peer()].map(String);
    const through = (relay: string | undefined, port: number): boolean =>
      table.refuses(from(`/ip4/8.8.8.8/tcp/${port}/p2p/${relay}/p2p-circuit/p2p/${target}`));
    expect([1, 2, 3, 4].map((port) => through(one, port))).toEqual([false, false, false, true]);
    expect(through(other, 1)).toBe(false);
    expect(table.refuses(from('/ip4/8.8.8.8/tcp/9'))).toBe(false);
    expect(table.refuses(from('/ip4/8.8.8.8/tcp/10'))).toBe(true);
    expect(inboundLimits({ maxConnections: 300 }).maxConnectionsPerRelay).toBe(100);
  });
});
