import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { hostOf } from '../../src/network/libp2p/host.ts';
import { isRelayed, relayedAddress } from '../../src/network/libp2p/relayed-address.ts';

const RELAY = '12D3KooWLFkMj2yx6upVkPsp2k2p7MxX69ywDQUS8bEJsa36f97f';
const TARGET = '12D3KooWSes5NmmnQz1dALU9N22MFBubfWAGZHQmvpTgoRyLas3m';

describe('an address through a relay', () => {
  it.each([
    ['/ip4/9.0.0.1/tcp/1', '/ip4/9.0.0.1/tcp/1'],
    ['/ip6/2a00::1/tcp/1/ws', '/ip6/2a00::1/tcp/1/ws'],
    ['/dns4/relay.example/tcp/443/tls/ws', '/dns4/relay.example/tcp/443/tls/ws'],
  ])('of %s is taken apart', (relay, where) => {
    for (const [tail, targetId] of [
      ['', undefined],
      [`/p2p/${TARGET}`, TARGET],
    ]) {
      const taken = relayedAddress(multiaddr(`${relay}/p2p/${RELAY}/p2p-circuit${tail}`));
      expect(taken?.relay.toString()).toBe(where);
      expect(taken).toMatchObject({ relayId: RELAY, targetId });
    }
  });

  it.each([
    `/ip4/9.0.0.1/tcp/1/p2p/${TARGET}`,
    '/p2p-circuit',
    `/p2p/${RELAY}/p2p-circuit/p2p/${TARGET}`,
    `/ip4/9.0.0.1/tcp/1/p2p-circuit/p2p/${TARGET}`,
    `/ip4/9.0.0.1/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${RELAY}/p2p-circuit/p2p/${TARGET}`,
    `/ip4/9.0.0.1/tcp/1/p2p/${RELAY}/p2p-circuit/ip4/9.0.0.2/tcp/1/p2p/${TARGET}`,
  ])('is not %s', (text) => {
    expect(relayedAddress(multiaddr(text))).toBeUndefined();
  });

  it('says nothing of the host of whoever is reached', () => {
    const address = multiaddr(`/ip4/127.0.0.1/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${TARGET}`);
    expect(isRelayed(address)).toBe(true);
    expect(hostOf(address)).toBeUndefined();
  });
});
