import { expect, it } from 'vitest';
import { REACH_TEXT, reachOf } from '../../src/cli/reachable.ts';

const ID = '12D3KooWAbaW4474yPaETM2LHKYcipqndtu52L31BFapb3CcBF1A';
const RELAY = `/ip4/203.0.113.7/tcp/4001/p2p/${ID}`;
const from = (host: string, direction: 'inbound' | 'outbound' = 'inbound', relay: string | null = null) => ({
  ways: [
    {
      address: relay === null ? `/ip4/${host}/tcp/5000/p2p/${ID}` : `${RELAY}/p2p-circuit/p2p/${ID}`,
      direction,
      relay,
      relayBytesLeft: null,
      latencyMs: null,
      since: 0,
    },
  ],
});
const LISTENS = [`/ip4/192.168.1.2/tcp/4001/p2p/${ID}`];
const BEHIND = [`${RELAY}/p2p-circuit/p2p/${ID}`];

it.each([
  ['public', [from('127.0.0.1'), from('8.8.8.8')], LISTENS],
  ['public', [from('8.8.8.8')], [...LISTENS, ...BEHIND]],
  ['private', [from('192.168.1.9'), from('127.0.0.1')], LISTENS],
  ['loopback', [from('127.0.0.1')], LISTENS],
  ['relay', [from('192.168.1.9')], [...LISTENS, ...BEHIND]],
  ['relay', [], BEHIND],
  // What a node opened itself, or what came through a relay, says nothing of its port.
  ['unseen', [from('8.8.8.8', 'outbound'), from('', 'inbound', 'relay')], LISTENS],
  ['nowhere', [], []],
] as const)('a node is reached: %s', (reach, peers, addresses) => {
  expect(reachOf(peers, addresses)).toBe(reach);
  expect(REACH_TEXT[reach]).toMatch(/\.$/);
});
