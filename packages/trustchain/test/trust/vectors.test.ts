import { meritRank, netFlow } from '@edmp/trustchain/trust';
import { describe, expect, test } from 'vitest';
import { agent, type Deal, graphOf } from './support.ts';

/** Edges, then what NetFlow with α = 2 gives: agent, φ, score. */
const NET_FLOW: readonly (readonly [
  string,
  readonly Deal[],
  readonly (readonly [string, number, number])[],
])[] = [
  [
    'two sellers',
    [
      ['A', 'I', 6],
      ['B', 'A', 10],
    ],
    [
      ['A', 6, 6],
      ['B', 6, 6],
    ],
  ],
  [
    'two behind one',
    [
      ['A', 'I', 6],
      ['B', 'A', 4],
      ['C', 'A', 4],
    ],
    [
      ['A', 6, 6],
      ['B', 4, 4],
      ['C', 4, 4],
    ],
  ],
  [
    'a seller that also took',
    [
      ['A', 'I', 6],
      ['I', 'A', 8],
    ],
    [['A', 2, 2]],
  ],
  [
    'a debtor passes nothing on',
    [
      ['A', 'I', 6],
      ['I', 'A', 20],
      ['B', 'A', 10],
    ],
    [
      ['A', 0, 0],
      ['B', 6, 0],
    ],
  ],
  [
    'one behind two',
    [
      ['A', 'I', 5],
      ['B', 'I', 3],
      ['C', 'A', 4],
      ['C', 'B', 4],
    ],
    [
      ['A', 5, 5],
      ['B', 3, 3],
      ['C', 7, 7],
    ],
  ],
];

describe('vectors of NetFlow', () => {
  test.each(NET_FLOW)('%s', (_, deals, expected) => {
    const view = netFlow(graphOf(deals), { evaluator: agent('I') });
    for (const [name, standing, score] of expected) {
      expect(view.score(agent(name))).toEqual({
        score: BigInt(score),
        standing: BigInt(standing),
        condemned: false,
        truncated: null,
      });
    }
  });

  test.each([1, 10, 50])('%d Sybils behind one seller', (count) => {
    const deals: Deal[] = [['M', 'I', 5]];
    for (let i = 0; i < count; i++) {
      deals.push([i, 'M', 1_000]);
      if (count > 1) deals.push([i, (i + 1) % count, 1_000]);
    }
    const view = netFlow(graphOf(deals), { evaluator: agent('I') });
    for (let i = 0; i < count; i++) {
      expect(view.score(agent(i))).toMatchObject({ score: 5n, standing: 5n });
    }
    expect(view.score(agent('M')).score).toBe(5n);
  });
});

/** What is fed: deals; what MeritRank gives at α 0.85: share of walks. A step goes from a buyer to a seller. */
const MERIT_RANK: readonly (readonly [string, readonly Deal[], Readonly<Record<string, number>>])[] = [
  [
    's→a→b',
    [
      ['a', 's', 1],
      ['b', 'a', 1],
    ],
    { a: 0.85, b: 0.7225 },
  ],
  [
    's→a(3), s→b(1), a→c',
    [
      ['a', 's', 3],
      ['b', 's', 1],
      ['c', 'a', 1],
    ],
    { a: 0.6375, b: 0.2125, c: 0.541875 },
  ],
  [
    's→a, s→b, both→c',
    [
      ['a', 's', 1],
      ['b', 's', 1],
      ['c', 'a', 1],
      ['c', 'b', 1],
    ],
    { a: 0.425, b: 0.425, c: 0.7225 },
  ],
];

describe('vectors of MeritRank', () => {
  test.each(MERIT_RANK)('%s', (_, deals, expected) => {
    for (const seed of [1, 2, 3]) {
      const ranks = meritRank(graphOf(deals), { evaluator: agent('s'), seed, walks: 100_000 });
      for (const [name, share] of Object.entries(expected)) {
        // Four standard deviations of the share of 100 000 walks.
        const bound = 4 * Math.sqrt((share * (1 - share)) / 100_000);
        expect(Math.abs(ranks.hits(agent(name)) / ranks.walks - share)).toBeLessThan(bound);
      }
      expect(ranks.hits(agent('s'))).toBe(0);
    }
  });
});
