import { expect, it } from 'vitest';
import { bounds } from '../../scripts/lib/bounds.ts';
import { faultsIn, type Look } from '../hours/report.ts';
import { liveHours } from '../hours/run.ts';

it(
  'a small network trades for hours over its files, restarts included, and opens no more of them',
  async () => {
    // Three hours; `pnpm sim hours` lives through three days.
    const result = await liveHours({ seed: 2, hours: 3, everyMinutes: 20, restartHours: 1 });
    expect(result.failures).toEqual([]);
    expect(result.trades).toBeGreaterThanOrEqual(8);
    expect(result.restarts).toBeGreaterThanOrEqual(2);
    expect(faultsIn(result.looks)).toEqual([]);
  },
  bounds.long,
);

it('a life that holds on to more with every trade, or to open files, is told', () => {
  const look = (n: number, bytes: number, descriptors: number): Look => ({
    hour: n,
    trades: n,
    heap: 40_000_000 + n * bytes + (n % 3) * 1_000,
    rss: 0,
    descriptors,
    disk: 0,
  });
  const looks = (bytes: number, leak: number): Look[] =>
    Array.from({ length: 40 }, (_, n) => look(n, bytes, 60 + Math.floor(n * leak)));
  expect(faultsIn(looks(100_000, 0))).toEqual([]);
  expect(faultsIn(looks(900_000, 0))).toEqual([expect.stringMatching(/heap grows by 8\d{5}/)]);
  expect(faultsIn(looks(0, 0.1))).toEqual([expect.stringMatching(/descriptors are open/)]);
});
