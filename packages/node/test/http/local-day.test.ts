import { localDay } from '@edmp/node/client';
import { zoneOf } from '@edmp/oehu-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const ZONES = [
  'Europe/Amsterdam',
  'America/Los_Angeles',
  'Pacific/Auckland',
  'Asia/Kolkata',
  'Pacific/Kiritimati',
  'UTC',
];

describe('local days', () => {
  it.each([
    // The clocks of Europe change on 28 March and 31 October 2027.
    ['2027-03-28T22:30:00Z', 'Europe/Amsterdam', 0, '2027-03-29'],
    ['2027-03-28T22:30:00Z', 'Europe/Amsterdam', -1, '2027-03-28'],
    ['2027-10-31T22:59:59Z', 'Europe/Amsterdam', 0, '2027-10-31'],
    ['2027-10-31T22:59:59Z', 'Europe/Amsterdam', -1, '2027-10-30'],
    ['2027-02-28T23:00:00Z', 'Europe/Amsterdam', -1, '2027-02-28'],
    ['2028-02-29T12:00:00Z', 'Pacific/Auckland', 0, '2028-03-01'],
    ['2028-03-01T05:00:00Z', 'America/Los_Angeles', -1, '2028-02-28'],
    ['2026-12-31T18:30:00Z', 'Asia/Kolkata', 0, '2027-01-01'],
  ])('of %s in %s, %i days on, is %4$s', (at, zone, days, day) => {
    expect(localDay(Date.parse(at), zone, days)).toBe(day);
  });

  it('are those of the meters’ own calendar, one after the other', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2035, 0) }),
        (name, at) => {
          const zone = zoneOf(name);
          expect(localDay(at, name)).toBe(zone.dateOf(at));
          expect(localDay(at, name, -1)).toBe(zone.dateOf(zone.startOfDay(at) - 1));
          expect(localDay(at, name, 1)).toBe(zone.dateOf(zone.nextDay(at)));
        },
      ),
    );
  });
});
