import { describe, expect, it } from 'vitest';
import { loadRole } from '../market/byzantine/load-role.ts';
import { runHistory } from '../market/history.ts';
import { ROLES, STRANGERS } from '../roles.ts';

const EXAMPLE = new URL('./support/mute-matchmaker.ts', import.meta.url).pathname;

describe('attackers', () => {
  it('have names of their own', () => {
    const names = [...ROLES, ...STRANGERS].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('may come from a file, and harm nobody but themselves', async () => {
    const { findings, faults } = await runHistory({
      seed: 3,
      only: new Set(),
      role: await loadRole(EXAMPLE),
    });
    expect(faults['byzantine-mute-matchmaker']).toBeGreaterThan(0);
    expect(findings).toEqual([]);
  }, 240_000);

  it('are refused when a file has none', async () => {
    const none = new URL('./support/deaf.ts', import.meta.url).pathname;
    await expect(loadRole(none)).rejects.toThrow('--role takes a module');
  });
});
