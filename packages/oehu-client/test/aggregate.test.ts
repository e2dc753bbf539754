import { type IntervalSeries, type IntervalStep, Quality } from '@edmp/interface';
import { zoneOf } from '@edmp/oehu-client';
import { aggregate, loadFactor, seriesBounds } from '@edmp/oehu-client/series';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const make = (
  step: IntervalStep,
  zone: string,
  start: number,
  values: readonly (number | null)[],
): IntervalSeries => ({
  commodity: 'electricity',
  flow: 'import',
  unit: 'uKWh',
  start,
  step,
  zone,
  values,
  quality: Uint8Array.from(values, (value) => (value === null ? Quality.missing : Quality.measured)),
  trust: 'signed',
  verified: 1,
});

describe('aggregation', () => {
  it('keeps sums exact and partial data missing, on change days too', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Amsterdam', 'America/New_York', 'Australia/Sydney', 'UTC'),
        fc.constantFrom<IntervalStep>('PT15M', 'PT30M', 'PT1H'),
        fc.constantFrom<IntervalStep>('PT1H', 'P1D'),
        fc.integer({ min: 0, max: 720 }),
        fc.integer({ min: 0, max: 30 }),
        fc.array(fc.option(fc.integer({ min: 0, max: 2 ** 40 }), { freq: 20 }), {
          minLength: 1,
          maxLength: 400,
        }),
        (zone, fine, coarse, day, offset, values) => {
          const length = fine === 'PT15M' ? 900_000 : fine === 'PT30M' ? 1_800_000 : 3_600_000;
          const start = zoneOf(zone).startOfDay(Date.UTC(2025, 0, 1) + day * 86_400_000) + offset * length;
          const series = make(fine, zone, start, values);
          const result = aggregate(series, coarse);
          const bounds = seriesBounds(result);
          for (const [i, value] of result.values.entries()) {
            const first = ((bounds[i] ?? 0) - start) / length;
            const last = ((bounds[i + 1] ?? 0) - start) / length;
            const parts = values.slice(first, last);
            expect(parts).toHaveLength(last - first);
            const expected = parts.includes(null)
              ? null
              : parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
            expect(value).toBe(expected);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses to invent a finer step', () => {
    const series = make('PT1H', 'UTC', 0, [1, 2]);
    expect(aggregate(series, 'PT1H')).toBe(series);
    expect(() => aggregate(series, 'PT15M')).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_RANGE' }),
    );
  });

  it('carries the worst quality of its parts', () => {
    const series = { ...make('PT30M', 'UTC', 0, [1, 2, 3, 4]), quality: Uint8Array.of(0, 1, 0, 3) };
    expect([...aggregate(series, 'PT1H').quality]).toEqual([Quality.interpolated, Quality.edited]);
  });
});

it('computes the load factor of the figure whose caption does not add up (0.49 kW mean, 7.18 kW peak)', () => {
  const quarters = Array.from({ length: 96 }, (_, i) => (i === 0 ? 1_795_000 : 104_895));
  const { mean, peak, factor } = loadFactor(make('PT15M', 'UTC', 0, quarters));
  expect(peak).toBe(7_180_000);
  expect(mean / 1e6).toBeCloseTo(0.49, 2);
  expect(factor).toBeCloseTo(0.068, 3);
  expect(loadFactor(make('PT15M', 'UTC', 0, [0, null])).factor).toBeNull();
});
