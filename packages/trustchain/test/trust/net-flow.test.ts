import { exposureLedger, netFlow } from '@edmp/trustchain/trust';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slowMaxFlow, slowNetFlow } from './brute-force.ts';
import { agent, type Deal, graphOf } from './support.ts';

/** By hand: `TRUST_GRAPHS=10000`. */
const GRAPHS = Number(process.env.TRUST_GRAPHS ?? 600);

/** Deals among agents 0 … 7, 0 being the evaluator. */
const deals = (agents = 8, amount = 20): fc.Arbitrary<Deal[]> =>
  fc.array(
    fc.tuple(fc.nat({ max: agents - 1 }), fc.nat({ max: agents - 1 }), fc.integer({ min: 1, max: amount })),
    { maxLength: 4 * agents },
  );

function matrixOf(list: readonly Deal[], agents: number): number[][] {
  const paid = Array.from({ length: agents }, () => new Array<number>(agents).fill(0));
  for (const [seller, buyer, amount] of list) {
    if (seller !== buyer) paid[seller as number]![buyer as number]! += Number(amount);
  }
  return paid;
}

const viewOf = (list: readonly Deal[], alpha = 2) => netFlow(graphOf(list), { evaluator: agent(0), alpha });

describe('NetFlow', () => {
  test('is its definition', () => {
    fc.assert(
      fc.property(deals(), fc.integer({ min: 1, max: 4 }), (list, alpha) => {
        const expected = slowNetFlow(matrixOf(list, 8), alpha);
        const view = viewOf(list, alpha);
        for (let j = 1; j < 8; j++) {
          expect(view.score(agent(j))).toMatchObject({
            score: BigInt(Math.floor(expected.scores[j]! / alpha)),
            standing: BigInt(Math.floor(expected.standings[j]! / alpha)),
          });
        }
      }),
      { numRuns: GRAPHS },
    );
  });

  test('is its definition in larger, sparse and long graphs', () => {
    const agents = 120;
    const near = fc.tuple(
      fc.nat({ max: agents - 1 }),
      fc.integer({ min: -4, max: 4 }),
      fc.integer({ min: 1, max: 9 }),
    );
    fc.assert(
      fc.property(fc.array(near, { minLength: 200, maxLength: 320 }), (list) => {
        const line = list.map(
          ([seller, step, amount]): Deal => [
            seller,
            Math.min(agents - 1, Math.max(0, seller + step)),
            amount,
          ],
        );
        const expected = slowNetFlow(matrixOf(line, agents), 2);
        const view = netFlow(graphOf(line), { evaluator: agent(0), limits: { hops: 64 } });
        for (let j = 1; j < agents; j++) {
          expect(view.score(agent(j)).score).toBe(BigInt(Math.floor(expected.scores[j]! / 2)));
        }
      }),
      { numRuns: Math.ceil(GRAPHS / 200) },
    );
  });

  test('is its definition for what may be at risk with several at once', () => {
    fc.assert(
      fc.property(
        deals(),
        fc.array(fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 30 })), { maxLength: 4 }),
        fc.nat({ max: 7 }),
        (list, charges, asked) => {
          // A common source that sends what is charged, then all it can, over the agents: the definition of sharing a cut.
          const { standings } = slowNetFlow(matrixOf(list, 8), 2);
          const totals = new Array<number>(8).fill(0);
          for (const [who, amount] of charges) totals[who]! += amount;
          const covered = sharedFlow(list, standings, totals);
          const more = sharedFlow(list, standings, totals.with(asked, Number.MAX_SAFE_INTEGER / 4));
          const without = sharedFlow(list, standings, totals.with(asked, 0));
          const ledger = exposureLedger(viewOf(list));
          for (const [i, [who, amount]] of charges.entries())
            ledger.charge(String(i), agent(who), BigInt(amount));
          const headroom = ledger.headroom(agent(asked));
          expect(headroom.covered).toBe(BigInt(Math.floor(covered / 2)));
          expect(headroom.room).toBe(BigInt(Math.floor((more - covered) / 2)));
          for (const [i, [who]] of charges.entries()) if (who === asked) ledger.release(String(i));
          expect(ledger.headroom(agent(asked)).covered).toBe(BigInt(Math.floor(without / 2)));
        },
      ),
      { numRuns: Math.ceil(GRAPHS / 2) },
    );
  });

  test('does not depend on names or on the order of deals', () => {
    fc.assert(
      fc.property(
        deals(),
        fc.infiniteStream(fc.nat()),
        fc.uniqueArray(fc.nat(), { minLength: 8, maxLength: 8 }),
        (list, keys, names) => {
          const shuffled = list
            .map((deal) => ({ deal, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(
              ({ deal: [seller, buyer, amount] }): Deal => [
                names[seller as number]!,
                names[buyer as number]!,
                amount,
              ],
            );
          const one = viewOf(list);
          const other = netFlow(graphOf(shuffled), { evaluator: agent(names[0]!) });
          for (let j = 0; j < 8; j++) expect(other.score(agent(names[j]!))).toEqual(one.score(agent(j)));
        },
      ),
    );
  });

  test('is from deal to deal what it is from scratch', () => {
    fc.assert(
      fc.property(
        deals(),
        fc.array(fc.nat({ max: 7 }), { maxLength: 2 }),
        fc.nat({ max: 30 }),
        (list, cheats, when) => {
          const graph = graphOf([]);
          const view = netFlow(graph, { evaluator: agent(0) });
          for (const [i, [seller, buyer, amount]] of list.entries()) {
            if (i === when) for (const cheat of cheats) graph.condemn(agent(cheat));
            graph.add({ seller: agent(seller), buyer: agent(buyer), amount: BigInt(amount) });
            const scratch = graphOf(list.slice(0, i + 1));
            if (i >= when) for (const cheat of cheats) scratch.condemn(agent(cheat));
            const fresh = netFlow(scratch, { evaluator: agent(0) });
            // Not all each time, so that some are known from long ago.
            for (let j = i % 3; j < 8; j += 3) expect(view.score(agent(j))).toEqual(fresh.score(agent(j)));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('gives made-up agents, together, no more than who made them up has', () => {
    const cluster = fc.array(
      fc.tuple(
        fc.integer({ min: 7, max: 19 }),
        fc.integer({ min: 7, max: 19 }),
        fc.integer({ min: 1, max: 1_000 }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(deals(8), cluster, (honest, made) => {
        const before = viewOf(honest);
        const after = viewOf([...honest, ...made]);
        const bound = before.score(agent(7)).standing;
        const ledger = exposureLedger(after);
        for (let j = 7; j < 20; j++) {
          expect(after.score(agent(j)).score).toBeLessThanOrEqual(bound);
          ledger.charge(String(j), agent(j), 1_000_000n);
        }
        // All of them at once, and nothing of the others' is theirs.
        expect(ledger.headroom(agent(7)).covered).toBeLessThanOrEqual(before.score(agent(7)).score);
        for (let j = 1; j < 7; j++) expect(after.score(agent(j))).toEqual(before.score(agent(j)));
      }),
      { numRuns: 300 },
    );
  });

  test('is nothing for a cluster that deals with itself, however much', () => {
    const wash: Deal[] = [];
    for (let i = 10; i < 40; i++) for (let j = 10; j < 40; j++) wash.push([i, j, 1_000_000]);
    const view = viewOf([['A', 0, 5], ...wash]);
    for (let i = 10; i < 40; i++) expect(view.score(agent(i)).score).toBe(0n);
    expect(view.all()).toEqual([{ agent: agent('A'), score: 5n }]);
  });

  test('counts an edge up to 2^49 − 1 and never loses exactness', () => {
    const graph = graphOf([
      ['A', 0, 2n ** 80n],
      ['A', 0, 1],
      ['B', 'A', 2n ** 49n - 2n],
      ['C', 'A', 3],
    ]);
    for (let i = 1; i < 40; i++) graph.add({ seller: agent(i), buyer: agent(0), amount: 2n ** 60n });
    for (let i = 1; i < 40; i++) graph.add({ seller: agent('D'), buyer: agent(i), amount: 2n ** 60n });
    const view = netFlow(graph, { evaluator: agent(0), alpha: 16 });
    expect(graph.paid(agent('A'), agent(0))).toBe(2n ** 49n - 1n);
    expect(view.score(agent('A')).score).toBe(2n ** 49n - 1n);
    expect(view.score(agent('B')).score).toBe(2n ** 49n - 2n);
    expect(view.score(agent('C')).score).toBe(3n);
    // A flow saturates at the largest exact integer.
    expect(view.score(agent('D')).score).toBe(BigInt(Number.MAX_SAFE_INTEGER) / 16n);
  });

  test('gives a proven cheat nothing, nobody anything through it, and forgives no debt', () => {
    const graph = graphOf([
      ['A', 0, 10],
      ['B', 'A', 6],
      ['C', 0, 10],
      [0, 'A', 4],
      ['A', 'C', 10],
    ]);
    const view = netFlow(graph, { evaluator: agent(0) });
    expect(view.score(agent('C'))).toMatchObject({ score: 8n, standing: 8n });
    expect(view.score(agent('B'))).toMatchObject({ score: 6n });
    graph.condemn(agent('A'));
    expect(view.score(agent('A'))).toMatchObject({ score: 0n, standing: 0n, condemned: true });
    expect(view.score(agent('B'))).toMatchObject({ score: 0n, condemned: false });
    expect(view.score(agent('C'))).toMatchObject({ score: 8n, standing: 8n });
  });
});

/** Flow from a common source that sends to each agent what it is charged, scaled by 2. */
function sharedFlow(list: readonly Deal[], standings: readonly number[], totals: readonly number[]): number {
  const paid = matrixOf(list, 8);
  const size = 17;
  const capacity = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (let a = 0; a < 8; a++) {
    capacity[2 * a]![2 * a + 1] = a === 0 ? 0 : standings[a]!;
    for (let b = 0; b < 8; b++) capacity[2 * a + 1]![2 * b] = paid[a]![b]! * 2;
    if (a > 0) capacity[16]![2 * a] = totals[a]! * 2;
  }
  return slowMaxFlow(capacity, 16, 0);
}
