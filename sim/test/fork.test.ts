import { describe, expect, it } from 'vitest';
import { runFork } from '../chain/fork.ts';

/** What does not depend on the machine. */
async function simulated(seed: number, nodes: number): Promise<Record<string, unknown>> {
  const { wallSeconds, townSeconds, ...rest } = await runFork({ seed, nodes, forks: 3 });
  expect(wallSeconds).toBeGreaterThan(townSeconds);
  return rest;
}

describe('forks in a town of chains', () => {
  it('are known to everybody within the budget of 1 000 nodes', async () => {
    const { detected, p99Ms } = await runFork({ seed: 3, nodes: 120, forks: 5 });
    expect(detected).toBe(1);
    expect(p99Ms).toBeLessThanOrEqual(5_000);
  }, 120_000);

  it('are the same for the same seed, event for event, and others for another', async () => {
    const first = await simulated(7, 60);
    expect(await simulated(7, 60)).toEqual(first);
    expect((await simulated(8, 60)).traceHash).not.toBe(first.traceHash);
  }, 120_000);
});
