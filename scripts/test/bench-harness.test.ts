import { describe, expect, it } from 'vitest';
import { against, median, medianOf, metricLine, percentile } from '../../bench/harness.ts';

describe('metricLine', () => {
  it('has every key, with null for what does not apply', () => {
    expect(metricLine('b', { metric: 'm', value: 1.23456, unit: 'ms' })).toEqual({
      bench: 'b',
      metric: 'm',
      value: 1.235,
      unit: 'ms',
      floor: null,
      ratio: null,
      peer: null,
      peerValue: null,
    });
  });

  it('computes the ratio to the floor, unless one was measured', () => {
    expect(metricLine('b', { metric: 'm', value: 3, unit: '1/s', floor: 4 }).ratio).toBe(0.75);
    expect(metricLine('b', { metric: 'm', value: 3, unit: '1/s', floor: 4, ratio: 0.8 }).ratio).toBe(0.8);
  });

  it('refuses figures that JSON cannot carry', () => {
    expect(() => metricLine('b', { metric: 'm', value: Number.NaN, unit: 'ms' })).toThrow(/finite/);
  });
});

describe('statistics', () => {
  it('medians', async () => {
    expect(medianOf([3, 1, 2])).toBe(2);
    expect(medianOf([4, 1, 2, 3])).toBe(2.5);
    expect(() => medianOf([])).toThrow(/no samples/);
    const samples = [9, 1, 5];
    expect(await median(() => samples.shift() ?? 0)).toBe(5);
  });

  it('percentiles by nearest rank', () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(samples, 0.5)).toBe(50);
    expect(percentile(samples, 0.99)).toBe(99);
    expect(percentile(samples, 1)).toBe(100);
    expect(percentile([7], 0)).toBe(7);
  });

  it('measures a candidate and its floor in turn', async () => {
    const order: string[] = [];
    const result = await against(
      10,
      () => order.push('candidate'),
      () => order.push('floor'),
      2,
    );
    expect(order).toEqual(['floor', 'candidate', 'floor', 'candidate']);
    expect(result.value).toBeGreaterThan(0);
    expect(result.floor).toBeGreaterThan(0);
  });
});
