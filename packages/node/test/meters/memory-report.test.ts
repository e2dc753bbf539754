import { expect, it } from 'vitest';
import { memoryReport, slope, WARM_UP } from '../soak/memory-report.ts';
import type { MemorySample } from '../soak/memory-sample.ts';

/** A life of `count` points, a thousand telegrams each; `held` bytes are left behind after so many telegrams. */
const life = (
  count: number,
  held: (telegrams: number) => number,
  change: (i: number) => Partial<MemorySample> = () => ({}),
): readonly MemorySample[] =>
  Array.from({ length: count }, (_, i) => ({
    telegrams: i * 1_000 + 1,
    // Things settle at first; then the heap swings by some hundred bytes.
    heap: 20e6 + Math.min(i * 1_000, WARM_UP) * 4 + ((i * 7919) % 701) + held(i * 1_000),
    rss: 90e6,
    descriptors: 20,
    disk: i * 5_000,
    ...change(i),
  }));
const nothing = (): number => 0;

it('a life whose heap swings and does not grow is flat', () => {
  const report = memoryReport(life(160, nothing));
  expect(report.faults).toEqual([]);
  expect(report.heap?.low).toBeLessThanOrEqual(0);
  expect(report.heap?.high).toBeLessThan(0.5);
  expect(report.disk?.slope).toBe(5);
});

it.each([
  ['evenly', (telegrams: number) => telegrams],
  ['in steps of 16 kB', (telegrams: number) => Math.floor(telegrams / 16_384) * 16_384],
  ['by doubling', (telegrams: number) => 2 ** Math.ceil(Math.log2(telegrams + 1))],
  ['by a kilobyte for each lost connection', (telegrams: number) => Math.floor(telegrams / 4_000) * 1_024],
  [
    'and lets go of it once a day, but not of all',
    (telegrams: number) => (telegrams % 86_400) * 2 + Math.floor(telegrams / 86_400) * 90_000,
  ],
])('a leak of about a byte a telegram is found when it grows %s', (_, held) => {
  expect(memoryReport(life(160, held)).faults).toEqual([expect.stringContaining('the heap grows by')]);
});

it('what grows beside the heap and descriptors that stay open are found', () => {
  const cache = life(160, nothing, (i) => ({ rss: 90e6 + Math.min(2e6, i * 15_000) }));
  expect(memoryReport(cache).faults).toEqual([]);
  const native = life(160, nothing, (i) => ({ rss: 90e6 + i * 60_000 }));
  expect(memoryReport(native).faults).toEqual([expect.stringContaining('beside its heap')]);
  const open = life(160, nothing, (i) => ({ descriptors: 20 + Math.floor(i / 50) }));
  expect(memoryReport(open).faults).toEqual([expect.stringContaining('descriptors are open')]);
});

it('points that scatter too far to tell, or follow each other, do not pass as flat', () => {
  const wide = life(52, nothing, (i) => ({ heap: 20e6 + ((i * 7919) % 701) * 1_000 }));
  expect(memoryReport(wide).faults).toEqual([expect.stringContaining('not ruled out')]);
  expect(memoryReport(life(30, (telegrams) => 5 * telegrams)).faults).toEqual([]);
  expect(memoryReport([])).toMatchObject({ points: 0, heap: null, faults: [] });
  expect(slope([0, 1, 2, 3].map((x) => [x, 3 * x + 1] as const))).toEqual({ slope: 3, low: 3, high: 3 });
});
