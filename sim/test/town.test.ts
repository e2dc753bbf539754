import { describe, expect, it } from 'vitest';
import { type HistoryResult, runHistory } from '../market/history.ts';
import { Homes } from '../town/homes.ts';
import { townHistory } from '../town/scenario.ts';
import { deaf } from './support/deaf.ts';

const kindsOf = ({ faults }: HistoryResult): number => Object.keys(faults).length;

describe('a history of a town', () => {
  it('is the same for the same seed, event for event, and breaks no rule', async () => {
    const first = await runHistory(townHistory(2, 12));
    expect(first.findings).toEqual([]);
    expect(await runHistory(townHistory(2, 12))).toEqual(first);
  }, 240_000);

  it('sells what households used, sealed and delivered for real, the same for the same seed', async () => {
    const run = () => runHistory(townHistory(7, 4, { only: new Set(), isSealed: true }));
    const first = await run();
    expect(first.findings).toEqual([]);
    expect(first.completed).toBeGreaterThan(0);
    expect(await run()).toEqual(first);
    // Data that is only pretended to be delivered crosses no network: another run.
    expect((await runHistory(townHistory(7, 4, { only: new Set() }))).digest).not.toBe(first.digest);
  }, 240_000);

  it('goes on until it has lived through the faults that were asked for, of sixteen kinds and more', async () => {
    const result = await runHistory(townHistory(3, 12, { faults: 1_500 }));
    expect(Object.values(result.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(1_500);
    expect(kindsOf(result)).toBeGreaterThanOrEqual(16);
    expect(result.findings).toEqual([]);
  }, 240_000);

  it('shows a home that hears of no fork', async () => {
    const { findings } = await runHistory({
      seed: 3,
      faults: 300,
      around: (world) => new Homes(world, 12, deaf),
    });
    expect(findings.map(({ rule }) => rule)).toContain('fork-unknown');
    expect(findings.every(({ text }) => text.startsWith('home0'))).toBe(true);
  }, 240_000);
});
