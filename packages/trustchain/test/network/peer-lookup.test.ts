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
  readonly isConfigured?: boolean;
}

/** A lookup among peers that are reached at an address each and always answer the same lines. */
function lookupAmong(
  acquaintances: readonly Acquaintance[],
  environment = virtualEnvironment(),
  names: Readonly<Record<string, readonly string[]>> = {},
) {
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
    peerId: peerIdOfKey(publicKey(random.randomBytes(32))),
    getConnections: (id?: { toString(): string }) =>
      acquaintances
        .map(({ at }, index) => ({ remoteAddr: multiaddr(at), remotePeer: peerIdOfKey(keys[index]!) }))
        .filter(({ remotePeer }) => id === undefined || remotePeer.toString() === id.toString()),
    isDialable: async () => true,
  } as unknown as EdmpLibp2p;
  const resolved: string[] = [];
  const lookup: PeerLookup = peerLookup({
    environment,
    network,
    libp2p: () => libp2p,
    isConfigured: (peer) => acquaintances[indexOf(peer)]?.isConfigured ?? false,
    resolveName: async (name) => {
      resolved.push(name);
      return names[name] ?? [];
    },
  });
  const ask = async (): Promise<string[]> =>
    (await lookup.ask(WANTED, signal)).map(({ address }) => address.toString().replace(/\/p2p\/.*/, ''));
  const told = async (): Promise<string[]> =>
    (await lookup.ask(WANTED, signal)).map(({ address }) => address.toString());
  return {
    lookup,
    ask,
    asked,
    environment,
    told,
    resolved,
    ids: keys.map((key) => peerIdOfKey(key).toString()),
  };
}

const lines = (host: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `/ip4/${host}/tcp/${i + 1}`);

describe('a lookup', () => {
  it('believes two direct addresses of an answer and takes turns between the answers', async () => {
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

  it('looks names up for whom this node was told to trust, and believes them as it believes addresses', async () => {
    const names = { good: ['9.0.0.1', '2a00::1'], inner: ['9.0.0.1', '10.0.0.1'], six: ['2a00::2'] };
    const answer = ['/dns4/inner/tcp/1', '/dns4/good/tcp/2', '/dns6/six/tcp/3'];
    const trusted = lookupAmong(
      [{ at: '/ip4/8.0.0.1/tcp/1', lines: answer, isConfigured: true }],
      undefined,
      names,
    );
    // A third name is one too many.
    expect(await trusted.ask()).toEqual(['/ip4/9.0.0.1/tcp/2']);
    expect(trusted.resolved).toEqual(['inner', 'good']);
    const stranger = lookupAmong([{ at: '/ip4/8.0.0.1/tcp/1', lines: answer }], undefined, names);
    expect(await stranger.ask()).toEqual([]);
    expect(stranger.resolved).toEqual([]);
  });

  it('keeps a name that a certificate is for, when all of its hosts may be dialled', async () => {
    const names = { good: ['9.0.0.1'], inner: ['127.0.0.1'] };
    const lines = ['/dns4/good/tcp/443/tls/ws', '/dns4/inner/tcp/443/tls/ws'];
    const { ask } = lookupAmong([{ at: '/ip4/8.0.0.1/tcp/1', lines, isConfigured: true }], undefined, names);
    expect(await ask()).toEqual(['/dns4/good/tcp/443/tls/ws']);
  });

  it('believes ways through relays beside others, and inner ones only through relays that are connected', async () => {
    const target = peerIdOfKey(WANTED).toString();
    const relay = peerIdOfKey(publicKey(random.randomBytes(32))).toString();
    const through = (host: string, id: string, to = target): string =>
      `/ip4/${host}/tcp/1/p2p/${id}/p2p-circuit/p2p/${to}`;
    const acquaintances = [{ at: '/ip4/8.0.0.1/tcp/1', lines: [] as string[] }];
    const lookup = lookupAmong(acquaintances);
    acquaintances[0]!.lines = [
      ...lines('9.0.0.1', 3),
      through('10.0.0.1', relay),
      through('9.0.0.2', relay, relay),
      `/ip4/9.0.0.2/tcp/1/p2p/${relay}/p2p-circuit/p2p/${relay}/p2p-circuit/p2p/${target}`,
      through('9.0.0.2', relay),
      through('10.0.0.1', lookup.ids[0]!),
    ];
    expect(await lookup.told()).toEqual([
      `/ip4/9.0.0.1/tcp/1/p2p/${target}`,
      `/ip4/9.0.0.1/tcp/2/p2p/${target}`,
      through('9.0.0.2', relay),
      through('10.0.0.1', lookup.ids[0]!),
    ]);
  });

  it('holds nothing against a relay that had no reservation', async () => {
    const acquaintances = [{ at: '/ip4/8.0.0.1/tcp/1', lines: [] as string[] }];
    const { told, ids, lookup } = lookupAmong(acquaintances);
    acquaintances[0]!.lines = [`/ip4/10.0.0.1/tcp/1/p2p/${ids[0]!}/p2p-circuit`];
    for (const each of await lookup.ask(WANTED, signal)) lookup.disprove(WANTED, each);
    expect(await told()).toHaveLength(1);
  });
});
