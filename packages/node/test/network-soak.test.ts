import { expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { networkSoak } from './soak/network-soak.ts';

it(
  'five processes trade through a relay, and none of them holds on to what it should not',
  async () => {
    // Half a minute; `pnpm soak:network` goes on for an hour, and only that tells of memory.
    const result = await networkSoak({ seconds: 30, sampleMs: 5_000, paceMs: 4_000 });
    // On a busy machine a dial may run out of time, and the next trade is made; `pnpm soak:network` fails on it.
    expect(result).toMatchObject({ invalidChains: [], faults: [] });
    expect(result.trades, result.failures.join('\n')).toBeGreaterThan(0);
    expect(Object.keys(result.nodes)).toHaveLength(5);
    for (const { points, descriptors } of Object.values(result.nodes)) {
      expect(points).toBeGreaterThan(0);
      expect(descriptors[0]).toBeGreaterThan(0);
    }
  },
  bounds.long,
);
