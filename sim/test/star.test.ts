import { describe, expect, it } from 'vitest';
import { simulatedStar } from '../chain/star/simulated-star.ts';
import { runStar, type StarResult } from '../chain/star/star.ts';

async function simulated(leaves: number): Promise<Omit<StarResult, 'wallSeconds'>> {
  const { wallSeconds, ...rest } = await runStar(await simulatedStar(2, leaves), 2);
  expect(wallSeconds).toBeGreaterThan(0);
  return rest;
}

describe('a star', () => {
  it('has every head within a second, and costs a leaf no more in a crowd', async () => {
    const small = await simulated(10);
    const large = await simulated(100);
    expect(large.reached).toBe(101);
    expect(large.allMs).toBeLessThanOrEqual(1_000);
    expect(small.bytesPerHead.leaf).toBeGreaterThan(0);
    expect(large.bytesPerHead.leaf).toBeLessThan(1.5 * small.bytesPerHead.leaf);
    expect(large.bytesPerHead.hub).toBeGreaterThan(5 * small.bytesPerHead.hub);
    expect(await simulated(10)).toEqual(small);
  }, 120_000);
});
