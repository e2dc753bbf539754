import { expect, it } from 'vitest';
import { memoryReport, slope } from '../soak/memory-report.ts';
import type { MemorySample } from '../soak/memory-sample.ts';

/** A life of `count` points, a thousand telegrams each, that leaves `leak` bytes behind for each of them. */
const life = (
  count: number,
  leak: number,
  descriptors = (_: number): number => 20,
): readonly MemorySample[] =>
  Array.from({ length: count }, (_, i) => ({
    telegrams: i * 1_000,
    // Until a quarter is over things settle; then the heap swings by some hundred bytes.
    heap: 20e6 + Math.min(i, count / 4) * 4_000 + ((i * 7919) % 701) + leak * i * 1_000,
    rss: 90e6,
    descriptors: descriptors(i),
    disk: i * 5_000,
  }));

it('a life whose heap swings and does not grow is flat', () => {
  const report = memoryReport(life(160, 0));
  expect(report.faults).toEqual([]);
  expect(report.heap?.low).toBeLessThanOrEqual(0);
  expect(report.heap?.high).toBeLessThan(0.5);
  expect(report.disk?.slope).toBe(5);
});

it('a leak of a byte a telegram is found, and so are descriptors that stay open', () => {
  expect(memoryReport(life(160, 1)).faults).toEqual([expect.stringContaining('the heap grows by')]);
  const open = memoryReport(life(160, 0, (i) => 20 + Math.floor(i / 50)));
  expect(open.faults).toEqual([expect.stringContaining('descriptors are open')]);
});

it('points that scatter too far to tell, or follow each other, do not pass as flat', () => {
  const wide = life(40, 0).map((sample, i) => ({ ...sample, heap: 20e6 + ((i * 7919) % 701) * 1_000 }));
  expect(memoryReport(wide).faults).toEqual([expect.stringContaining('not ruled out')]);
  expect(memoryReport(life(12, 5)).faults).toEqual([]);
  expect(memoryReport([])).toMatchObject({ points: 0, heap: null, faults: [] });
  expect(slope([0, 1, 2, 3].map((x) => [x, 3 * x + 1] as const))).toEqual({ slope: 3, low: 3, high: 3 });
});
