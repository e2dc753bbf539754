import { INTERVAL_STEPS } from '@edmp/interface';
import { zoneOf } from '@edmp/oehu-client';
import { alignUp, boundsBetween, intervalBounds, intervalsInDay } from '@edmp/oehu-client/time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Zones that household meters run in, of both hemispheres, with every kind of change day. */
// biome-ignore format: a table
const ZONES = [
  'Europe/Amsterdam', 'Europe/London', 'Europe/Dublin', 'Europe/Lisbon', 'Europe/Helsinki', 'Europe/Athens',
  'Europe/Moscow', 'Europe/Istanbul', 'Atlantic/Azores', 'Atlantic/Reykjavik', 'America/New_York', 'America/Chicago',
  'America/Denver', 'America/Phoenix', 'America/Los_Angeles', 'America/Anchorage', 'America/St_Johns',
  'America/Halifax', 'America/Sao_Paulo', 'America/Santiago', 'America/Asuncion', 'America/Havana',
  'America/Mexico_City', 'Asia/Tokyo', 'Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Jerusalem', 'Asia/Beirut',
  'Asia/Tehran', 'Africa/Cairo', 'Africa/Casablanca', 'Africa/Johannesburg', 'Australia/Sydney',
  'Australia/Adelaide', 'Australia/Brisbane', 'Pacific/Auckland', 'Pacific/Chatham', 'UTC',
];

describe('local days', () => {
  it('counts the quarters of both change days and of a usual day', () => {
    const zone = 'Europe/Amsterdam';
    expect(intervalsInDay('2026-03-29', 'PT15M', zone)).toBe(92);
    expect(intervalsInDay('2026-03-30', 'PT15M', zone)).toBe(96);
    expect(intervalsInDay('2026-10-25', 'PT15M', zone)).toBe(100);
    expect(intervalsInDay('2026-10-25', 'PT30M', 'Europe/London')).toBe(50);
    expect(intervalsInDay('2026-03-29', 'PT1H', 'Europe/London')).toBe(23);
    expect(intervalsInDay('2026-03-08', 'PT15M', 'America/New_York')).toBe(92);
    expect(intervalsInDay('2026-10-04', 'PT30M', 'Australia/Sydney')).toBe(46);
  });

  it('is a gapless partition of time in every zone, whatever its clock changes', () => {
    for (const name of ZONES) {
      const zone = zoneOf(name);
      let at = zone.midnight('2025-01-01');
      const lengths: number[] = [];
      for (let day = 0; day < 2 * 365; day++) {
        const date = zone.dateOf(at);
        const next = zone.nextDay(at);
        expect(zone.startOfDay(next - 1), `${name} ${date}`).toBe(at);
        expect(zone.midnight(date), `${name} ${date}`).toBe(at);
        expect(zone.dateOf(next), `${name} ${date}`).toBe(
          new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10),
        );
        lengths.push((next - at) / 3_600_000);
        expect(intervalsInDay(date, 'PT15M', name)).toBe((next - at) / 900_000);
        at = next;
      }
      const hours = lengths.reduce((sum, length) => sum + length, 0);
      expect(Math.abs(hours - 2 * 365 * 24), name).toBeLessThanOrEqual(1);
      for (const length of lengths) expect([23, 24, 25], name).toContain(length);
    }
  });

  it('agrees with Intl at any instant', () => {
    const formats = new Map(
      ZONES.map((name) => [name, new Intl.DateTimeFormat('en-CA', { timeZone: name })]),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2030, 0, 1) }),
        (name, at) => {
          expect(zoneOf(name).dateOf(at)).toBe(formats.get(name)?.format(at));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('tells repeated and skipped wall-clock times apart', () => {
    const zone = zoneOf('Europe/Amsterdam');
    expect(zone.fromLocal(Date.UTC(2026, 9, 25, 2, 30))).toEqual({
      earlier: Date.UTC(2026, 9, 25, 0, 30),
      later: Date.UTC(2026, 9, 25, 1, 30),
      kind: 'repeated',
    });
    expect(zone.fromLocal(Date.UTC(2026, 2, 29, 2, 30)).kind).toBe('skipped');
    expect(zone.fromLocal(Date.UTC(2026, 5, 1, 12)).kind).toBe('unique');
  });

  it('refuses unknown zones and dates with a typed error', () => {
    expect(() => zoneOf('Mars/Olympus')).toThrowError(expect.objectContaining({ code: 'ERR_METER_TIME' }));
    expect(() => zoneOf('UTC').midnight('2026-13-01')).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_TIME' }),
    );
  });
});

describe('grids', () => {
  it('covers whole intervals inside the period and nothing outside it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.constantFrom(...INTERVAL_STEPS),
        fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2026, 11, 1) }),
        fc.integer({ min: 1, max: 3 * 86_400_000 }),
        (name, step, from, length) => {
          const bounds = boundsBetween(from, from + length, step, name);
          expect(bounds[0]).toBe(alignUp(from, step, zoneOf(name)));
          const last = bounds[bounds.length - 1] ?? 0;
          if (bounds.length > 1) expect(last).toBeLessThanOrEqual(from + length);
          expect([...intervalBounds(bounds[0] ?? 0, step, name, bounds.length - 1)]).toEqual([...bounds]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses empty periods and absurd lengths', () => {
    expect(() => boundsBetween(2, 1, 'P1D', 'UTC')).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_RANGE' }),
    );
    expect(() => intervalBounds(0, 'PT1M', 'UTC', 1e9)).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_LIMIT' }),
    );
  });
});
