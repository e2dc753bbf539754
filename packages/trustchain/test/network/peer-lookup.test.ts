import {
  type Network,
  type PublicKey,
  publicKey,
  systemEnvironment,
  utf8ToBytes,
  virtualEnvironment,
} from '@edmp/interface';

import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import type { EdmpLibp2p } from '../../src/network/libp2p/node.ts';
import { peerIdOfKey } from '../../src/network/libp2p/peer-identity.ts';
import { type PeerLookup, peerLookup } from '../../src/network/libp2p/peer-lookup.ts';

const random = systemEnvironment();
const { signal } = new AbortController();
const WANTED = publicKey(random.randomBytes(32));

interface Acquaintance {
  readonly at: string;
  readonly lines: readonly string[];
}

/** A lookup among peers that are reached at an address each and always answer the same lines. */
function lookupAmong(acquaintances: readonly Acquaintance[], environment = virtualEnvironment()) {
  const keys = acquaintances.map(() => publicKey(random.randomBytes(32)));
  const asked: number[] = [];
  const indexOf = (key: PublicKey): number => keys.indexOf(key);
  const network = {
    peers: () => keys,
    async *request(peer: PublicKey) {
      asked.push(indexOf(peer));
      yield utf8ToBytes(acquaintances[indexOf(peer)]!.lines.join('\n'));
    },
  } as unknown as Network;
  const libp2p = {
    getConnections: (id: { toString(): string }) =>
      acquaintances
        .filter((_, index) => peerIdOfKey(keys[index]!).toString() === id.toString())
        .map(({ at }) => ({ remoteAddr: multiaddr(at) })),
    isDialable: async () => true,
  } as unknown as EdmpLibp2p;
  const lookup: PeerLookup = peerLookup({ environment, network, libp2p: () => libp2p });
  const ask = async (): Promise<string[]> =>
    (await lookup.ask(WANTED, signal)).map(({ address }) => address.toString().replace(/\/p2p\/.*/, ''));
  return { lookup, ask, asked, environment };
}

const lines = (host: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `/ip4/${host}/tcp/${i + 1}`);

describe('a lookup', () => {
  it('believes two addresses of an answer and takes turns between the answers', async () => {
    const { ask } = lookupAmong([
      { at: '/ip4/8.0.0.1/tcp/1', lines: lines('9.0.0.1', 8) },
      { at: '/ip4/8.0.0.2/tcp/1', lines: lines('9.0.0.2', 8) },
      { at: '/ip4/8.0.0.3/tcp/1', lines: lines('9.0.0.3', 1) },
    ]);
    const told = await ask();
    expect(told.slice(0, 3).sort()).toEqual([
      '/ip4/9.0.0.1/tcp/1',
      '/ip4/9.0.0.2/tcp/1',
      '/ip4/9.0.0.3/tcp/1',
    ]);
    expect(told.slice(3).sort()).toEqual(['/ip4/9.0.0.1/tcp/2', '/ip4/9.0.0.2/tcp/2']);
  });

  it('asks eight peers at most, chosen at random, and dials eight addresses at most', async () => {
    const crowd = Array.from({ length: 30 }, (_, i) => ({
      at: `/ip4/8.0.1.${i}/tcp/1`,
      lines: lines(`9.0.1.${i}`, 8),
    }));
    const { ask, asked } = lookupAmong(crowd);
    expect(await ask()).toHaveLength(8);
    expect(new Set(asked).size).toBe(8);
    for (let i = 0; i < 20; i++) await ask();
    // 21 draws of 8 out of 30: the chance that fewer than 20 peers are ever asked is below 10⁻⁹.
    expect(new Set(asked).size).toBeGreaterThanOrEqual(20);
  });

  it('believes local addresses only from peers that are reached locally', async () => {
    const answer = [
      '/ip4/127.0.0.1/tcp/1',
      '/ip4/10.0.0.9/tcp/1',
      '/ip4/169.254.169.254/tcp/80',
      '/ip4/9.9.9.9/tcp/1',
    ];
    const told = async (at: string): Promise<string[]> => lookupAmong([{ at, lines: answer }]).ask();
    expect(await told('/ip4/8.0.0.1/tcp/1')).toEqual(['/ip4/9.9.9.9/tcp/1']);
    expect(await told('/ip6/2001:db8::1/tcp/1')).toEqual(['/ip4/9.9.9.9/tcp/1']);
    expect(await told('/ip4/192.168.1.1/tcp/1')).toEqual([
      '/ip4/10.0.0.9/tcp/1',
      '/ip4/169.254.169.254/tcp/80',
    ]);
    expect(await told('/ip4/127.0.0.1/tcp/1')).toEqual(['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.9/tcp/1']);
  });

  it('leaves out for a minute those whom a dial proved wrong, and for longer those who are wrong often', async () => {
    const environment = virtualEnvironment();
    const { ask, asked, lookup } = lookupAmong(
      [{ at: '/ip4/8.0.0.1/tcp/1', lines: lines('9.0.0.1', 2) }],
      environment,
    );
    const wrong = async (): Promise<void> => {
      for (const told of await lookup.ask(WANTED, signal)) lookup.disprove(WANTED, told);
    };
    await wrong();
    expect(await ask()).toEqual([]);
    expect(asked).toHaveLength(1);
    await environment.advance(60_000);
    expect(await ask()).toHaveLength(2);
    // Two wrong addresses a minute weigh more than what leaks away in one.
    for (let minute = 0; minute < 30; minute++) {
      await wrong();
      await environment.advance(60_000);
    }
    expect(asked.length).toBeLessThan(30);
  });
});
