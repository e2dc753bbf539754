import { createDealGraph, explainScore, netFlow } from '@edmp/trustchain/trust';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agent, type Deal, graphOf } from './support.ts';

const view = (deals: readonly Deal[]) => netFlow(graphOf(deals), { evaluator: agent('I'), alpha: 1 });
const deals = fc.array(
  fc.tuple(
    fc.constantFrom('I', 'A', 'B', 'C', 'D', 'E'),
    fc.constantFrom('I', 'A', 'B', 'C', 'D', 'E'),
    fc.integer({ min: 1, max: 30 }),
  ),
  { maxLength: 24 },
);

describe('explanation of a score', () => {
  test('names ways, the cut, and what would raise it', () => {
    const net = netFlow(
      graphOf([
        ['A', 'I', 5],
        ['B', 'I', 3],
        ['C', 'A', 4],
        ['C', 'B', 9],
      ]),
      { evaluator: agent('I') },
    );
    expect(explainScore(net, agent('C'))).toEqual({
      score: 7n,
      standing: 7n,
      condemned: false,
      truncated: null,
      paths: [
        { agents: [agent('C'), agent('A'), agent('I')], amount: 4n },
        { agents: [agent('C'), agent('B'), agent('I')], amount: 3n },
      ],
      morePaths: 0,
      bounds: [{ kind: 'standing', agent: agent('C'), amount: 7n }],
      moreBounds: 0,
      advice: [
        { kind: 'buy-from-it', seller: agent('C'), buyer: agent('I') },
        { kind: 'more-standing', agent: agent('C') },
      ],
    });
  });

  test('shows who stands between', () => {
    const net = view([
      ['A', 'I', 6],
      ['I', 'A', 4],
      ['B', 'A', 9],
    ]);
    expect(explainScore(net, agent('B')).bounds).toEqual([
      { kind: 'standing', agent: agent('A'), amount: 2n },
    ]);
  });

  test('adds up: ways and cut to the score', () => {
    fc.assert(
      fc.property(deals, (list) => {
        const net = view(list);
        for (const name of ['A', 'B', 'C', 'D', 'E']) {
          const { score, paths, morePaths, bounds } = explainScore(net, agent(name));
          expect(bounds.reduce((sum, { amount }) => sum + amount, 0n)).toBe(score);
          if (morePaths === 0) expect(paths.reduce((sum, { amount }) => sum + amount, 0n)).toBe(score);
          for (const path of paths) {
            expect(path.agents[0]).toEqual(agent(name));
            expect(path.agents.at(-1)).toEqual(agent('I'));
            expect(new Set(path.agents.map(String)).size).toBe(path.agents.length);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('does not depend on the order of deals', () => {
    fc.assert(
      fc.property(deals, (list) => {
        const one = view(list);
        const other = view([...list].reverse());
        for (const name of ['A', 'C'])
          expect(explainScore(other, agent(name))).toEqual(explainScore(one, agent(name)));
      }),
    );
  });

  test('its first advice helps: what the evaluator buys is added', () => {
    fc.assert(
      fc.property(deals, fc.integer({ min: 1, max: 30 }), (list, amount) => {
        const before = explainScore(view(list), agent('A'));
        expect(before.advice[0]).toEqual({ kind: 'buy-from-it', seller: agent('A'), buyer: agent('I') });
        const after = view([...list, ['A', 'I', amount]]).score(agent('A'));
        const debt = after.standing < before.standing + BigInt(amount);
        // It may be more: who stands between may have sold to it, and now reaches the evaluator through it too.
        if (!debt) expect(after.score).toBeGreaterThanOrEqual(before.score + BigInt(amount));
        else expect(after.standing).toBeGreaterThanOrEqual(before.standing);
      }),
      {
        examples: [
          [
            [
              ['A', 'B', 2],
              ['I', 'B', 13],
              ['B', 'I', 13],
              ['B', 'A', 1],
            ],
            1,
          ],
        ],
      },
    );
  });

  test('of strangers, oneself and cheats', () => {
    const graph = graphOf([['A', 'I', 5]]);
    const net = netFlow(graph, { evaluator: agent('I') });
    expect(explainScore(net, agent('Z')).advice).toEqual([
      { kind: 'buy-from-it', seller: agent('Z'), buyer: agent('I') },
    ]);
    expect(explainScore(net, agent('I')).advice).toEqual([]);
    graph.condemn(agent('A'));
    expect(explainScore(net, agent('A'))).toMatchObject({
      condemned: true,
      score: 0n,
      paths: [],
      advice: [],
    });
    const nobody = netFlow(createDealGraph(), { evaluator: agent('I') });
    expect(explainScore(nobody, agent('A'))).toMatchObject({ score: 0n, paths: [], bounds: [] });
  });
});
