import { expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { networkSoak } from './soak/network-soak.ts';

it(
  'five processes trade through a relay, and none of them loses a trade or a descriptor',
  async () => {
    // Half a minute; `pnpm soak:network` goes on for an hour, and only that tells of memory.
    const result = await networkSoak({ seconds: 30, sampleMs: 5_000, paceMs: 4_000 });
    expect(result).toMatchObject({ failures: [], invalidChains: [], faults: [] });
    expect(result.trades).toBeGreaterThan(0);
    expect(Object.keys(result.nodes)).toHaveLength(5);
    for (const { points, descriptors } of Object.values(result.nodes)) {
      expect(points).toBeGreaterThan(0);
      expect(descriptors[0]).toBeGreaterThan(0);
    }
  },
  bounds.long,
);
