import { type ArrivedDeal, createDealGraph, netFlow } from '@edmp/trustchain/trust';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agent, type Deal, graphOf } from './support.ts';

describe('graph of deals', () => {
  test('adds up what a pair did, in one direction', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 }), fc.integer({ min: 1, max: 99 })), {
          maxLength: 3_000,
        }),
        (list) => {
          const graph = graphOf(list);
          const sums = new Map<string, bigint>();
          for (const [seller, buyer, amount] of list) {
            if (seller === buyer) continue;
            const pair = `${seller} ${buyer}`;
            sums.set(pair, (sums.get(pair) ?? 0n) + BigInt(amount));
          }
          expect(graph.edges).toBe(sums.size);
          for (const [pair, sum] of sums) {
            const [seller, buyer] = pair.split(' ').map(Number);
            expect(graph.paid(agent(seller!), agent(buyer!))).toBe(sum);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('reads a source where it left off', () => {
    const deals: ArrivedDeal[] = [];
    const source = {
      since: (after: number, limit: number) => deals.filter(({ arrival }) => arrival > after).slice(0, limit),
    };
    const graph = createDealGraph();
    const come = (count: number): void => {
      for (let i = 0; i < count; i++) {
        deals.push({ seller: agent('a'), buyer: agent('b'), amount: 2n, arrival: deals.length * 3 + 1 });
      }
    };
    come(2_500);
    expect(graph.update(source)).toBe(2_500);
    come(1);
    expect(graph.update(source)).toBe(1);
    expect(graph.update(source)).toBe(0);
    expect(graph.paid(agent('a'), agent('b'))).toBe(5_002n);
  });

  test('drops and counts what finds no room, and goes on with what it knows', () => {
    const graph = createDealGraph({ agents: 3, edges: 2 });
    const add = (seller: string, buyer: string): void =>
      graph.add({ seller: agent(seller), buyer: agent(buyer), amount: 1n });
    add('a', 'b');
    add('b', 'c');
    add('c', 'a');
    add('d', 'a');
    add('d', 'e');
    expect(graph).toMatchObject({ agents: 3, edges: 2, dropped: 3 });
    add('a', 'b');
    expect(graph.paid(agent('a'), agent('b'))).toBe(2n);
    graph.condemn(agent('z'));
    expect(graph.isCondemned(agent('z'))).toBe(false);
  });

  test.each([0n, -1n, 5, '5', undefined])('refuses the amount %s', (amount) => {
    const deal = { seller: agent('a'), buyer: agent('b'), amount: amount as bigint };
    expect(() => createDealGraph().add(deal)).toThrow(
      expect.objectContaining({ code: 'ERR_TRUST_ARGUMENT' }),
    );
  });

  test('refuses what is no key, and options out of range', () => {
    const short = new Uint8Array(31) as ReturnType<typeof agent>;
    const graph = createDealGraph();
    expect(() => graph.add({ seller: short, buyer: agent('b'), amount: 1n })).toThrow();
    expect(() => graph.condemn(short)).toThrow();
    for (const alpha of [0, 17, 1.5, Number.NaN]) {
      expect(() => netFlow(graph, { evaluator: agent('a'), alpha })).toThrow(
        expect.objectContaining({ code: 'ERR_TRUST_ARGUMENT' }),
      );
    }
  });
});

describe('neighbourhood', () => {
  test('ends at the most hops, and says so', () => {
    const chain: Deal[] = [['a', 'I', 9]];
    for (const [i, name] of ['b', 'c', 'd'].entries()) chain.push([name, 'abc'[i]!, 9]);
    const view = netFlow(graphOf(chain), { evaluator: agent('I'), limits: { hops: 3 } });
    expect(view.score(agent('c'))).toMatchObject({ score: 9n, truncated: 'hops' });
    expect(view.score(agent('d'))).toMatchObject({ score: 0n, truncated: 'hops' });
    expect(
      netFlow(graphOf(chain), { evaluator: agent('I'), limits: { hops: 4 } }).score(agent('d')).truncated,
    ).toBeNull();
  });

  test('a crowd behind one agent takes no room from those behind another', () => {
    const deals: Deal[] = [
      ['m', 'I', 10],
      ['h', 'I', 10],
    ];
    for (let i = 0; i < 5_000; i++) deals.push([i, 'm', 1_000_000]);
    for (let i = 0; i < 20; i++) deals.push([`h${i}`, 'h', 1]);
    const view = netFlow(graphOf(deals), { evaluator: agent('I'), limits: { edges: 100 } });
    for (let i = 0; i < 20; i++) {
      expect(view.score(agent(`h${i}`))).toMatchObject({ score: 1n, truncated: 'edges' });
    }
    const found = view.all().length;
    expect(found).toBeGreaterThan(22);
    expect(found).toBeLessThanOrEqual(102);
  });

  test('what is kept does not depend on the order of deals, and scores never rise by leaving out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 15 }), fc.nat({ max: 15 }), fc.integer({ min: 1, max: 5 })), {
          maxLength: 120,
        }),
        fc.integer({ min: 1, max: 60 }),
        (list, edges) => {
          const whole = netFlow(graphOf(list), { evaluator: agent(0) });
          const options = { evaluator: agent(0), limits: { edges } };
          const part = netFlow(graphOf(list), options);
          expect(netFlow(graphOf([...list].reverse()), options).all()).toEqual(part.all());
          // Less debt is seen too, so only who owes nothing is sure to have less.
          const takes = new Set(list.map(([, buyer]) => buyer));
          for (let j = 1; j < 16; j++) {
            if (takes.has(j)) continue;
            expect(part.score(agent(j)).standing).toBeLessThanOrEqual(whole.score(agent(j)).standing);
          }
        },
      ),
    );
  });
});
