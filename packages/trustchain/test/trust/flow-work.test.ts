/** Deals that are arranged so that largest flows take hours: what is asked ends, and the honest are as good as before. */
import { seededRandom } from '@edmp/interface';
import { explainScore, exposureLedger, netFlow } from '@edmp/trustchain/trust';
import { describe, expect, test } from 'vitest';
import { flowTopology } from '../../src/trust/flow-topology.ts';
import { MaxFlow } from '../../src/trust/max-flow.ts';
import { agent, type Deal, graphOf } from './support.ts';

/** Agents of the ladder; the honest have the numbers below. */
const RAIL = 1_000;
const MUCH = 2n ** 40n;

/**
 * A ladder behind `m`, whom `I` bought from: rungs that each give one unit to `m`, and rails along which everything can go
 * from one to the next, so that every unit is a way of its own, longer than the one before.
 */
function ladder(rungs: number): Deal[] {
  const deals: Deal[] = [
    ['m', 'I', 1_000_000],
    ['n', 'm', 1_000_000],
  ];
  for (let i = 0; i < rungs; i++) {
    const [rung, rail] = [RAIL + i, RAIL + rungs + i];
    deals.push([rung, 'n', 1], [rail, rung, MUCH], [rung, rail, MUCH]);
    if (i + 1 < rungs) deals.push([rail, rung + 1, MUCH]);
  }
  return deals;
}
const railOf = (rungs: number): number => RAIL + rungs;

describe('a ladder of made-up agents', () => {
  test('that is short is measured to its end', () => {
    for (const rungs of [1, 4, 12]) {
      const view = netFlow(graphOf(ladder(rungs)), { evaluator: agent('I'), limits: { hops: 64 } });
      expect(view.score(agent(railOf(rungs)))).toMatchObject({
        score: BigInt(rungs),
        standing: BigInt(rungs),
        truncated: null,
      });
    }
  });

  test('that is long is measured as far as some work goes, and never above what it is', () => {
    const rungs = 20_000;
    const view = netFlow(graphOf(ladder(rungs)), { evaluator: agent('I') });
    const found = view.score(agent(railOf(rungs)));
    expect(found.truncated).toBe('work');
    expect(found.score).toBeGreaterThan(0n);
    expect(found.score).toBeLessThanOrEqual(BigInt(rungs));
    expect(found.standing).toBeLessThanOrEqual(BigInt(rungs));
    const explained = explainScore(view, agent(railOf(rungs)));
    expect(explained).toMatchObject({ truncated: 'work', bounds: [] });
    // Whoever is asked for next is asked for with work of its own.
    expect(view.score(agent('m'))).toMatchObject({ score: 1_000_000n });
  });

  test('takes nothing from the honest who deal with it', () => {
    const random = seededRandom(5);
    const honest: Deal[] = [];
    for (let i = 0; i < 400; i++) {
      const buyer = random.below(4) === 0 ? 'I' : random.below(60);
      const seller = random.below(60);
      if (seller !== buyer) honest.push([seller, buyer, 1 + random.below(500)]);
    }
    const rungs = 4_000;
    // It buys from everybody and sells a little to everybody: all ways lead through it, too.
    const tied: Deal[] = [];
    for (let i = 0; i < 60; i++) {
      tied.push([i, railOf(rungs) + i, 1_000], [railOf(rungs) + 60 + i, i, 1]);
    }
    const before = netFlow(graphOf(honest), { evaluator: agent('I') });
    const after = netFlow(graphOf([...honest, ...ladder(rungs), ...tied]), { evaluator: agent('I') });
    for (let i = 0; i < 60; i++) {
      const [was, is] = [before.score(agent(i)), after.score(agent(i))];
      // Less a unit that it bought of the ladder.
      expect(is.score, `agent ${i}`).toBeGreaterThanOrEqual(was.score - 1n);
    }
    const ledger = exposureLedger(after);
    for (let i = 0; i < 60; i++) ledger.charge(`t${i}`, agent(railOf(rungs) + i), 10_000n);
    const best = [...Array(60).keys()].find((i) => before.score(agent(i)).score > 500n) ?? 0;
    expect(ledger.headroom(agent(best)).room).toBeGreaterThan(0n);
  });
});

test('a flow ends with its work, and is a flow then', () => {
  // A ladder again, by hand: 0 is the sink, rungs 1 … n, rails n+1 … 2n.
  const n = 500;
  const edges: [number, number, number][] = [];
  for (let i = 1; i <= n; i++) {
    edges.push([i, 0, 1], [n + i, i, 1e6], [i, n + i, 1e6]);
    if (i < n) edges.push([n + i, i + 1, 1e6]);
  }
  const topology = flowTopology(
    2 * n + 1,
    Int32Array.from(edges, ([from]) => from),
    Int32Array.from(edges, ([, to]) => to),
  );
  const capacity = new Float64Array(2 * edges.length);
  for (const [i, [, , amount]] of edges.entries()) capacity[topology.arcOf[i]!] = amount;
  const work = { left: 20_000, isShort: false };
  const flow = new MaxFlow(topology, capacity, 0, undefined, work);
  const sent = flow.send(n + 1, Number.MAX_SAFE_INTEGER);
  expect([flow.end, work.isShort]).toEqual(['work', true]);
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(n);
  // No step takes more than a look at everything.
  expect(work.left).toBeGreaterThan(-4 * edges.length);
  const into = edges.reduce((sum, [, to], i) => (to === 0 ? sum + flow.flow(topology.arcOf[i]!) : sum), 0);
  expect(into).toBe(sent);
  // Taken back, all capacities are what they were.
  flow.reset();
  for (const i of edges.keys()) expect(flow.flow(topology.arcOf[i]!)).toBe(0);
});
