import { zoneOf } from '@edmp/oehu-client';
import { readGreenButton } from '@edmp/oehu-client/sources';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { localToInstants, parseDstRule } from '../src/sources/formats/espi-local-time.ts';

it('unpacks the rules of the United States', () => {
  expect(parseDstRule('360E2000')).toEqual({
    month: 3,
    occurrence: 2,
    dayOfMonth: 0,
    weekday: 7,
    second: 7200,
  });
  expect(parseDstRule('B40E2000')).toEqual({
    month: 11,
    occurrence: 1,
    dayOfMonth: 0,
    weekday: 7,
    second: 7200,
  });
  expect(parseDstRule('FFFFFFFF')).toBeNull();
  expect(parseDstRule('00000000')).toBeNull();
  expect(parseDstRule('nonsense')).toBeNull();
});

it('agrees with the zones whose rules it was given', () => {
  const us = { start: parseDstRule('360E2000'), end: parseDstRule('B40E2000'), dstOffset: 3600 };
  // Last Sunday of March at 2 and of October at 3, on the wall clock of central Europe.
  const eu = { start: parseDstRule('3E0E2000'), end: parseDstRule('AE0E3000'), dstOffset: 3600 };
  const places = [
    ['America/New_York', { ...us, offset: -18_000 }],
    ['America/Los_Angeles', { ...us, offset: -28_800 }],
    ['Europe/Amsterdam', { ...eu, offset: 3600 }],
    ['Asia/Tokyo', { start: null, end: null, dstOffset: 0, offset: 32_400 }],
  ] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...places),
      fc.integer({ min: Date.UTC(2015, 0, 1) / 900_000, max: Date.UTC(2030, 0, 1) / 900_000 }),
      ([name, rules], quarter) => {
        const wall = quarter * 900_000;
        const { earlier, later, kind } = zoneOf(name).fromLocal(wall);
        if (kind !== 'skipped') expect(localToInstants(wall, rules)).toEqual({ earlier, later });
      },
    ),
    { numRuns: 2000 },
  );
});

it('reads a file whose epochs are wall-clock time through the repeated hour', () => {
  const wall = (hour: number, minute: number): number => Date.UTC(2026, 10, 1, hour, minute) / 1000;
  const times = [wall(1, 0), wall(1, 30), wall(1, 0), wall(1, 30), wall(2, 0)];
  const intervals = times.map(
    (start) =>
      `<IntervalReading><timePeriod><duration>1800</duration><start>${start}</start></timePeriod><value>1</value></IntervalReading>`,
  );
  const local =
    '<LocalTimeParameters><dstEndRule>B40E2000</dstEndRule><dstOffset>3600</dstOffset><dstStartRule>360E2000</dstStartRule><tzOffset>-18000</tzOffset></LocalTimeParameters>';
  const file = (parameters: string): string =>
    `<feed><entry><content>${parameters}</content></entry><entry><content><ReadingType><uom>72</uom></ReadingType></content></entry><entry><content><IntervalBlock>${intervals.join('')}</IntervalBlock></content></entry></feed>`;
  const starts = readGreenButton(file(local), { clock: 'local' }).readings.map((one) =>
    'start' in one ? one.start : 0,
  );
  const first = Date.UTC(2026, 10, 1, 5);
  expect(starts).toEqual([0, 1, 2, 3, 4].map((i) => first + i * 1_800_000));
  expect(() => readGreenButton(file(''), { clock: 'local' })).toThrowError(
    expect.objectContaining({ code: 'ERR_METER_TIME' }),
  );
});
