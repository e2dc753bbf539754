import { createDealGraph, type DealGraph, meritRank } from '@edmp/trustchain/trust';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agent, type Deal, graphOf } from './support.ts';

const deals = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 }), fc.integer({ min: 1, max: 50 })), {
  maxLength: 40,
});
const options = { evaluator: agent(0), walks: 300 };
const add = (graph: DealGraph, [seller, buyer, amount]: Deal): void =>
  graph.add({ seller: agent(seller), buyer: agent(buyer), amount: BigInt(amount) });

describe('MeritRank', () => {
  test('is from deal to deal what it is from scratch, walk by walk', () => {
    fc.assert(
      fc.property(
        deals,
        fc.nat({ max: 9 }),
        fc.nat({ max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (list, cheat, when, pace) => {
          const graph = createDealGraph();
          const ranks = meritRank(graph, options);
          for (const [i, deal] of list.entries()) {
            add(graph, deal);
            if (i === when) graph.condemn(agent(cheat));
            if (i % pace !== 0) continue;
            const scratch = graphOf(list.slice(0, i + 1));
            if (i >= when) scratch.condemn(agent(cheat));
            expect(ranks.all()).toEqual(meritRank(scratch, options).all());
          }
        },
      ),
    );
  });

  test('does not depend on the order of deals', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(range(40), { minLength: 40 }), deals, (order, list) => {
        const shuffled = order.filter((i) => i < list.length).map((i) => list[i]!);
        expect(meritRank(graphOf(shuffled), options).all()).toEqual(meritRank(graphOf(list), options).all());
      }),
    );
  });

  test('follows a graph that changed more than it remembers', () => {
    const graph = graphOf([['a', 0, 1]]);
    const ranks = meritRank(graph, options);
    expect(ranks.hits(agent('b'))).toBe(0);
    add(graph, ['b', 0, 1]);
    for (let i = 0; i < 5_000; i++) add(graph, ['c', 'a', 1]);
    expect(ranks.all()).toEqual(
      meritRank(
        graphOf([
          ['a', 0, 1],
          ['b', 0, 1],
          ['c', 'a', 5_000],
        ]),
        options,
      ).all(),
    );
  });

  test('never enters a proven cheat, and nobody behind one is reached through it', () => {
    const graph = graphOf([
      ['a', 0, 9],
      ['b', 0, 1],
      ['c', 'a', 5],
    ]);
    const ranks = meritRank(graph, options);
    expect(ranks.hits(agent('c'))).toBeGreaterThan(0);
    graph.condemn(agent('a'));
    expect(ranks.all().map((each) => each.agent)).toEqual([agent('b')]);
  });

  test('gives nothing to who only deals with its own', () => {
    const list: Deal[] = [['a', 0, 1]];
    for (let i = 1; i < 30; i++) list.push([i, i + 1, 1_000], [i + 1, i, 1_000]);
    expect(
      meritRank(graphOf(list), options)
        .all()
        .map((each) => each.agent),
    ).toEqual([agent('a')]);
  });

  test('gives a crowd behind one seller 5.7 times its own hits at most, and one of it no more than that', () => {
    const honest: Deal[] = [
      ['m', 0, 1],
      ['h', 0, 1],
    ];
    const alone = meritRank(graphOf(honest), { evaluator: agent(0) }).hits(agent('m'));
    for (const count of [10, 300]) {
      const crowd: Deal[] = [];
      for (let i = 0; i < count; i++) crowd.push([i + 1, 'm', 100], [((i + 1) % count) + 1, i + 1, 100]);
      const ranks = meritRank(graphOf([...honest, ...crowd]), { evaluator: agent(0) });
      expect(ranks.hits(agent('m'))).toBe(alone);
      let sum = 0;
      for (let i = 0; i < count; i++) {
        expect(ranks.hits(agent(i + 1))).toBeLessThanOrEqual(alone);
        sum += ranks.hits(agent(i + 1));
      }
      expect(sum / alone).toBeLessThan(5.9);
    }
  });

  test('walks among the largest 16 384 sellers of a hub, and ends', () => {
    const graph = createDealGraph();
    for (let i = 1; i <= 20_000; i++) add(graph, [i, 'hub', i]);
    add(graph, ['hub', 0, 1]);
    const ranks = meritRank(graph, options).all();
    expect(ranks[0]?.agent).toEqual(agent('hub'));
    const smallest = new Set(range(3_616).map((i) => String(agent(i + 1))));
    expect(ranks.some((each) => smallest.has(String(each.agent)))).toBe(false);
  });
});

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
