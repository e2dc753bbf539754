import { seededRandom } from '@edmp/interface';
import { type DealGraph, netFlow } from '@edmp/trustchain/trust';
import { describe, expect, test } from 'vitest';
import { flowTopology } from '../../src/trust/flow-topology.ts';
import { MaxFlow, UNKNOWN } from '../../src/trust/max-flow.ts';
import { agent, type Deal, graphOf } from './support.ts';

const HONEST = 60;
/** Edges that are looked at: ten times the honest deals, and less than half of the crowd's. */
const LIMITS = { edges: 4_000 };

/** Honest deals, and an attacker that once sold something to the evaluator, agent 0. */
function town(seed: number): DealGraph {
  const random = seededRandom(seed);
  const one = (): number => random.below(HONEST);
  const deals = Array.from({ length: 400 }, (): Deal => [one(), one(), 1 + random.below(500)]);
  return graphOf([...deals, ['attacker', 0, 300]]);
}

/** Made-up agents that buy and sell to and fro, with each other and with the attacker. */
function wash(graph: DealGraph, crowd: number, seed: number): void {
  const random = seededRandom(seed).fork('crowd');
  const member = (index: number): Deal[0] => `made-up ${index % crowd}`;
  const add = (seller: Deal[0], buyer: Deal[1]): void =>
    graph.add({ seller: agent(seller), buyer: agent(buyer), amount: 1_000_000n });
  for (let index = 0; index < crowd; index++) {
    add(member(index), 'attacker');
    add('attacker', member(index));
    add(member(index), member(index + 1));
    add(member(index + 1), member(index));
    add(member(index), member(random.below(crowd)));
  }
}

describe('a crowd of made-up agents', () => {
  // Once everybody further away than the crowd's first member was left out.
  test.each([1, 2, 3])('larger than what is looked at changes no honest score (seed %d)', (seed) => {
    const graph = town(seed);
    const scores = (): readonly bigint[] => {
      const flow = netFlow(graph, { evaluator: agent(0), limits: LIMITS });
      return Array.from({ length: HONEST }, (_, index) => flow.score(agent(index)).score);
    };
    const before = scores();
    expect(before.filter((score) => score > 0n).length).toBeGreaterThan(HONEST / 2);
    wash(graph, 2_000, seed);
    expect(netFlow(graph, { evaluator: agent(0), limits: LIMITS }).score(agent(1)).truncated).toBe('edges');
    expect(scores()).toEqual(before);
  });

  test('in a ring behind one seller is told from those before the cut at once, and not one by one', () => {
    const crowd = 4_000;
    const [sink, hub] = [0, 1];
    const inOf = (index: number): number => 2 + 2 * (index % crowd);
    const edges: (readonly [tail: number, head: number, capacity: number])[] = [[hub, sink, 5]];
    for (let index = 0; index < crowd; index++) edges.push([inOf(index), inOf(index) + 1, UNKNOWN]);
    for (let index = 0; index < crowd; index++) {
      edges.push([inOf(index) + 1, hub, 100], [inOf(index) + 1, inOf(index + 1), 100]);
    }
    const topology = flowTopology(
      2 + 2 * crowd,
      Int32Array.from(edges, ([tail]) => tail),
      Int32Array.from(edges, ([, head]) => head),
    );
    const capacity = new Float64Array(2 * edges.length);
    for (const [edge, [, , amount]] of edges.entries()) capacity[topology.arcOf[edge] as number] = amount;
    let asked = 0;
    const flow = new MaxFlow(topology, capacity, sink, () => {
      asked += 1;
      return 3;
    });
    let sent = 0;
    for (let index = 0; index < crowd; index++) sent += flow.send(inOf(index), 1_000);
    expect(sent).toBe(5);
    expect(asked).toBeLessThan(100);
  });
});
