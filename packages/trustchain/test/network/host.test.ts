import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { hostOf, mayName } from '../../src/network/libp2p/host.ts';

describe('the host of an address', () => {
  it.each([
    ['/ip4/127.0.0.1/tcp/1', 'loopback', '127.0.0.1'],
    ['/ip4/0.0.0.0/tcp/1', 'loopback', '0.0.0.0'],
    ['/ip6/::1/tcp/1', 'loopback', '::1'],
    ['/ip6/::/tcp/1', 'loopback', '::1'],
    ['/ip6/::ffff:127.0.0.1/tcp/1', 'loopback', '127.0.0.1'],
    ['/ip6/64:ff9b::7f00:1/tcp/1', 'loopback', '127.0.0.1'],
    ['/ip6/2002:7f00:1::/tcp/1', 'loopback', '127.0.0.1'],
    ['/ip4/10.1.2.3/tcp/1', 'private', '10.1.2.3'],
    ['/ip4/172.31.0.1/tcp/1', 'private', '172.31.0.1'],
    ['/ip4/192.168.7.7/tcp/1/ws', 'private', '192.168.7.7'],
    ['/ip4/169.254.169.254/tcp/80', 'private', '169.254.169.254'],
    ['/ip4/100.64.0.1/tcp/1', 'private', '100.64.0.1'],
    ['/ip6/fd00::1/tcp/1', 'private', 'fd00000000000000/64'],
    ['/ip6/fe80::1/tcp/1', 'private', 'fe80000000000000/64'],
    ['/ip6zone/eth0/ip6/fe80::1/tcp/1', 'private', 'fe80000000000000/64'],
    ['/ip4/172.32.0.1/tcp/1', 'public', '172.32.0.1'],
    ['/ip4/8.8.8.8/udp/1/quic-v1', 'public', '8.8.8.8'],
    ['/ip6/2001:db8:1:2:3:4:5:6/tcp/1', 'public', '20010db800010002/64'],
  ])('%s is %s, group %s', (text, scope, group) => {
    expect(hostOf(multiaddr(text))).toEqual({ scope, group });
  });

  it.each([
    '/dns4/localhost/tcp/1',
    '/ip4/224.0.0.1/tcp/1',
    '/ip4/255.255.255.255/tcp/1',
    '/ip6/ff02::1/tcp/1',
    '/unix/tmp%2Fsocket',
    '/memory/1/ip4/127.0.0.1/tcp/1',
  ])('%s has none', (text) => {
    expect(hostOf(multiaddr(text))).toBeUndefined();
  });
});

describe('who may name an address', () => {
  it('is whoever shares the machine or the network it is good in', () => {
    const scopes = ['loopback', 'private', 'public'] as const;
    const named = (speaker: (typeof scopes)[number] | undefined): string[] =>
      scopes.filter((scope) => mayName(speaker, scope));
    expect(named('loopback')).toEqual(['loopback', 'private', 'public']);
    expect(named('private')).toEqual(['private', 'public']);
    expect(named('public')).toEqual(['public']);
    expect(named(undefined)).toEqual(['public']);
  });
});
