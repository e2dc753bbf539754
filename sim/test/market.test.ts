import { describe, expect, it } from 'vitest';
import { AIMS } from '../market/disturbance.ts';
import { runHistory } from '../market/history.ts';
import { findPlanted, PLANTED } from '../market/planted.ts';

const NONE: ReadonlySet<string> = new Set();
/** Histories in which each planted bug is found, with room. */
const MAX_HISTORIES = 40;

describe('a history of a market', () => {
  it('is the same for the same seed, event for event, and another for another', async () => {
    const first = await runHistory({ seed: 11 });
    const second = await runHistory({ seed: 11 });
    expect(second).toEqual(first);
    expect((await runHistory({ seed: 12 })).digest).not.toBe(first.digest);
  }, 120_000);

  it('sells and breaks no rule when nothing goes wrong', async () => {
    const result = await runHistory({ seed: 2, only: NONE });
    expect(result.findings).toEqual([]);
    expect(result.completed).toBeGreaterThan(0);
  }, 60_000);

  it('aims at every state of both roles', () => {
    const moments = new Set(AIMS.map(({ role, state }) => `${role} ${state}`));
    expect(moments.size).toBe(15);
  });
});

describe('bugs on purpose are found', () => {
  for (const bug of PLANTED) {
    it(bug.role.name, async () => {
      expect((await findPlanted(bug, 1, MAX_HISTORIES)).seed).not.toBeNull();
    }, 240_000);
  }
});
