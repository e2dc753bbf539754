import { expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { meterSoak } from '../soak/meter-soak.ts';

it(
  'a P1 port at one telegram a second is kept through kills, restarts, lost connections and wrong clocks',
  async () => {
    // Four hours; `pnpm soak` lives through seven days.
    const result = await meterSoak({ seed: 3, seconds: 4 * 3_600, kills: 2, restarts: 1 });
    expect(result).toMatchObject({ lost: 0, doubled: 0, invented: 0, kills: 2, restarts: 1 });
    expect(result.accepted).toBeGreaterThan(600);
    expect(result.disconnects).toBeGreaterThan(0);
  },
  bounds.long,
);

it(
  'a leak of a byte a telegram is found in a life of twelve hours',
  async () => {
    const { memory } = await meterSoak({
      seed: 4,
      seconds: 44_000,
      kills: 0,
      restarts: 0,
      leak: 'map',
    });
    expect(memory.faults).toEqual([expect.stringContaining('the heap grows by')]);
  },
  bounds.long,
);
