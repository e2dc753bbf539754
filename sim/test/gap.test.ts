import { describe, expect, it } from 'vitest';
import { GAP_CHEATS } from '../chain/cheats/gap-cheats.ts';
import { runGap } from '../chain/gap.ts';

describe('forks behind gaps', () => {
  it('come through in no way, and the same way for the same seed', async () => {
    const run = async () => {
      const { wallSeconds, ...rest } = await runGap({ seed: 5, nodes: 40 });
      expect(wallSeconds).toBeGreaterThan(0);
      return rest;
    };
    const first = await run();
    expect(first.ends.filter(({ how }) => how === 'hidden')).toEqual([]);
    expect(first.cheats).toBe(GAP_CHEATS.length);
    expect(first.detected).toBe(1);
    expect(first.p99Ms).toBeLessThanOrEqual(60_000);
    expect(await run()).toEqual(first);
  }, 240_000);

  it('are proven when the evidence is somewhere, and refused when only the cheat has it', async () => {
    const only = (name: string): boolean => name.startsWith('gap of 2, ');
    const { ends } = await runGap({ seed: 6, nodes: 40, only });
    const how = (answer: string): string | undefined => ends.find(({ name }) => name.endsWith(answer))?.how;
    expect(how('branch')).toBe('proven');
    expect(how('nothing')).toBe('refused');
    expect(how('never')).toBe('refused');
  }, 120_000);
});
