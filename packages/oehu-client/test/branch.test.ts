import { INTERVAL_STEPS, type IntervalSeries, Quality, utf8ToBytes } from '@edmp/interface';
import { type BranchOptions, branch, zoneOf } from '@edmp/oehu-client';
import {
  coarseCell,
  geohash,
  geohashBounds,
  householdClass,
  OEHU_HIDDEN_POINT,
  seriesOf,
  wholeDays,
} from '@edmp/oehu-client/privacy';
import { intervalBounds } from '@edmp/oehu-client/time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const options: BranchOptions = {
  accuracy: 200,
  location: { latitude: 51.91757456636748, longitude: 4.454928696122807 },
  household: { kind: 'House', occupants: 3 },
  pseudonymKey: new Uint8Array(32).fill(7),
  listing: 'listing 1',
  device: 'id:3b959424:devices:00000000-0000-4000-8000-000000000001',
  licence: 'EDMP-personal-1',
  purposes: ['research'],
  title: 'A house',
  consent: new Uint8Array(32).fill(9),
};
const series: IntervalSeries = {
  commodity: 'electricity',
  flow: 'import',
  unit: 'uKWh',
  start: Date.UTC(2026, 0, 12, 23),
  step: 'PT1H',
  zone: 'Europe/Amsterdam',
  values: [1000, null, 0, 2500, ...new Array<number>(20).fill(7)],
  quality: Uint8Array.of(
    Quality.measured,
    Quality.missing,
    Quality.measured,
    Quality.interpolated,
    ...new Array<number>(20).fill(Quality.measured),
  ),
  trust: 'linked',
  verified: 240,
};

describe('data branching', () => {
  it('describes a series without saying whose or exactly where', () => {
    const { descriptor, consumption } = branch(series, options);
    expect(descriptor).toMatchObject({
      from: '2026-01-13',
      to: '2026-01-13',
      count: 24,
      // One, told in twentieths of the intervals, rounded up.
      gaps: 2,
      cell: 'u15pm',
      household: { kind: 'house', occupants: '3-4' },
      attestation: 'linked',
      verified: 240,
    });
    expect(descriptor.pseudonym).toHaveLength(16);
    expect(consumption).toEqual({ values: series.values, quality: series.quality, offsetMinutes: 0 });
  });

  it('gives the buyer the whole days of the series back, on change days too', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Amsterdam', 'America/New_York', 'Australia/Sydney', 'Asia/Kolkata'),
        fc.constantFrom(...INTERVAL_STEPS),
        fc.integer({ min: 0, max: 700 }),
        fc.integer({ min: 0, max: 47 }),
        fc.array(fc.option(fc.integer({ min: 0, max: 1e9 })), { minLength: 24, maxLength: 120 }),
        (zone, step, day, half, values) => {
          const calendar = zoneOf(zone);
          const midnight = calendar.startOfDay(Date.UTC(2025, 0, 1) + day * 86_400_000);
          const start = step === 'P1D' ? midnight : midnight + Math.min(half, 45) * 1_800_000;
          const one: IntervalSeries = {
            ...series,
            zone,
            step,
            start,
            values,
            quality: new Uint8Array(values.length),
          };
          const whole = wholeDays(one);
          const bounds = intervalBounds(whole.start, step, zone, whole.values.length);
          fc.pre(whole.values.length > 0);
          expect(calendar.startOfDay(whole.start)).toBe(whole.start);
          expect(calendar.startOfDay(bounds.at(-1) ?? 0)).toBe(bounds.at(-1));
          const parts = branch(one, options);
          expect(seriesOf(parts.descriptor, parts.consumption)).toEqual(whole);
          expect(parts.consumption.offsetMinutes).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('puts no identifier, place, date or register of the source into the private part', () => {
    const { consumption } = branch(series, options);
    const text = JSON.stringify({ ...consumption, quality: [...consumption.quality] });
    for (const secret of [
      options.device,
      'devices',
      '51.9',
      '4.45',
      '2026',
      String(series.start),
      'House',
      'linked',
    ]) {
      expect(text).not.toContain(secret);
    }
    expect(Object.keys(consumption).sort()).toEqual(['offsetMinutes', 'quality', 'values']);
  });

  it('never puts the exact place or the device into the public part', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -89, max: 89, noNaN: true }),
        fc.double({ min: -179, max: 179, noNaN: true }),
        fc.integer({ min: 0, max: 200_000 }),
        (latitude, longitude, accuracy) => {
          const { descriptor } = branch(series, { ...options, accuracy, location: { latitude, longitude } });
          const { cell } = descriptor;
          if (accuracy >= 50_000) expect(cell).toBeNull();
          // Near the poles even the largest cells are smaller than what was asked for.
          else if (Math.abs(latitude) < 60) expect(cell?.length).toBeLessThanOrEqual(5);
          else expect(cell?.length ?? 0).toBeLessThanOrEqual(5);
          const text = JSON.stringify(descriptor);
          expect(text).not.toContain(options.device);
          if (String(latitude).length > 8) expect(text).not.toContain(String(latitude));
        },
      ),
    );
  });

  it('gives every listing another pseudonym, and the same one again for the same listing', () => {
    const pseudonym = (listing: string, device = options.device ?? ''): string =>
      branch(series, { ...options, listing, device }).descriptor.pseudonym.join();
    expect(pseudonym('1')).toBe(pseudonym('1'));
    expect(new Set([pseudonym('1'), pseudonym('2'), pseudonym('1', 'other')]).size).toBe(3);
  });

  it('refuses parts that do not belong together', () => {
    const { descriptor, consumption } = branch(series, options);
    const bad = [
      { ...consumption, values: consumption.values.slice(1) },
      { ...consumption, values: new Array<number>(24).fill(1) },
      { ...consumption, values: [1000.5, ...consumption.values.slice(1)] },
      { ...consumption, offsetMinutes: 60 * 23 },
      { ...consumption, offsetMinutes: -1 },
      { ...consumption, quality: new Uint8Array(24).fill(9) },
    ];
    for (const part of bad) {
      expect(() => seriesOf(descriptor, part)).toThrowError(
        expect.objectContaining({ code: 'ERR_METER_RANGE' }),
      );
    }
  });

  it('refuses unusable options', () => {
    expect(() => branch({ ...series, values: [] }, options)).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_RANGE' }),
    );
    for (const change of [
      { title: 'x'.repeat(201) },
      { pseudonymKey: utf8ToBytes('short') },
      { consent: new Uint8Array(3) },
    ]) {
      expect(() => branch(series, { ...options, ...change })).toThrowError(
        expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
      );
    }
  });
});

describe('coarse places', () => {
  it('uses 5, 4 or 3 characters by accuracy and nothing for hidden places', () => {
    const point = { latitude: 51.92, longitude: 4.45 };
    expect([200, 3000, 28_000, 100_000].map((accuracy) => coarseCell(point, accuracy))).toEqual([
      'u15pm',
      'u15p',
      'u15',
      null,
    ]);
    expect(coarseCell(OEHU_HIDDEN_POINT, 200)).toBeNull();
    expect(coarseCell(null, 200)).toBeNull();
    expect(coarseCell({ latitude: 4.45, longitude: 251.92 }, 200)).toBeNull();
  });

  it('agrees with published geohashes and contains its point', () => {
    expect(geohash({ latitude: 57.64911, longitude: 10.40744 }, 11)).toBe('u4pruydqqvj');
    fc.assert(
      fc.property(
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        (latitude, longitude, length) => {
          const cell = geohashBounds(geohash({ latitude, longitude }, length));
          expect(latitude >= cell.south && latitude <= cell.north).toBe(true);
          expect(longitude >= cell.west && longitude <= cell.east).toBe(true);
        },
      ),
    );
  });

  it('buckets households', () => {
    expect(householdClass({ kind: 'office', occupants: 5 })).toEqual({ kind: 'office', occupants: '5+' });
    expect(householdClass({ kind: 'Castle', occupants: 0 })).toEqual({ kind: 'other', occupants: null });
    expect([1, 2, 3, 4].map((n) => householdClass({ kind: 'House', occupants: n })?.occupants)).toEqual([
      '1',
      '2',
      '3-4',
      '3-4',
    ]);
  });
});
