import { type IntervalSeries, type RegisterReading, utf8ToBytes } from '@edmp/interface';
import { readMeterFile, zoneOf } from '@edmp/oehu-client';
import { type HouseholdParameters, simulateDay } from '@edmp/oehu-client/emulator';
import {
  findDuplicateMeters,
  listingPseudonym,
  revealsByStep,
  whatThisReveals,
} from '@edmp/oehu-client/privacy';
import { describe, expect, it } from 'vitest';
import { fixture, hasFixtures } from './support/fixtures.ts';

const zone = zoneOf('Europe/Amsterdam');
const household: HouseholdParameters = {
  seed: 11,
  occupants: 2,
  annualKwh: 3200,
  shiftHours: 0,
  solarWatts: 0,
  carWatts: 0,
  gas: false,
  heating: 1,
};

/** Minutes of simulated days; on days in `away` only what always runs. */
function minutes(
  options: Partial<HouseholdParameters>,
  count: number,
  away: readonly number[] = [],
): IntervalSeries {
  const values: number[] = [];
  const start = zone.midnight('2026-01-12');
  let at = start;
  for (let day = 0; day < count; day++) {
    const { load } = simulateDay({ ...household, ...options }, zone, at);
    const quiet = Math.min(...load);
    for (const watts of load) values.push(Math.round(((away.includes(day) ? quiet : watts) * 1000) / 60));
    at = zone.nextDay(at);
  }
  const quality = new Uint8Array(values.length);
  return {
    commodity: 'electricity',
    flow: 'import',
    unit: 'uKWh',
    start,
    step: 'PT1M',
    zone: zone.name,
    values,
    quality,
    trust: 'signed',
    verified: 1,
  };
}
const kinds = (series: IntervalSeries, step: Parameters<typeof whatThisReveals>[1]): string[] =>
  whatThisReveals(series, step).found.map((one) => one.kind);

describe('what a series reveals', () => {
  it('shrinks with the step: minutes tell uses of the kettle, days only absence', () => {
    const series = minutes({}, 14, [5, 6]);
    expect(kinds(series, 'PT1M')).toEqual(
      expect.arrayContaining(['appliances', 'base-load', 'wake-and-sleep', 'at-home-by-day', 'absence']),
    );
    expect(kinds(series, 'PT15M')).not.toContain('appliances');
    expect(kinds(series, 'PT15M')).toContain('wake-and-sleep');
    expect(kinds(series, 'PT1H')).toContain('wake-and-sleep');
    expect(kinds(series, 'P1D')).toEqual(['consumption', 'absence']);
    expect(revealsByStep(series).map((one) => one.step)).toEqual(['PT1M', 'PT15M', 'PT1H', 'P1D']);
  });

  it('names the days of absence', () => {
    const series = minutes({}, 14, [5, 6]);
    for (const step of ['PT15M', 'PT1H', 'P1D'] as const) {
      const absence = whatThisReveals(series, step).found.find((one) => one.kind === 'absence');
      expect(absence?.days, step).toEqual(['2026-01-17', '2026-01-18']);
    }
    expect(kinds(minutes({}, 14), 'P1D')).not.toContain('absence');
  });

  it('sees a car by the hour and not by the day', () => {
    const car = minutes({ carWatts: 3700 }, 14);
    expect(kinds(car, 'PT15M')).toContain('electric-vehicle');
    expect(kinds(car, 'P1D')).not.toContain('electric-vehicle');
    expect(kinds(minutes({}, 14), 'PT15M')).not.toContain('electric-vehicle');
  });

  it('sees solar panels in what is fed in', () => {
    const series = { ...minutes({}, 2), flow: 'export' as const };
    const [, solar] = whatThisReveals(series, 'PT1H').found;
    expect(solar).toMatchObject({ kind: 'solar-panels', sensitivity: 'medium' });
  });

  it('takes a year of minutes', () => {
    const values = new Array<number>(366 * 1440).fill(5000);
    const year = { ...minutes({}, 1), values, quality: new Uint8Array(values.length) };
    for (const flow of ['import', 'export'] as const) {
      expect(revealsByStep({ ...year, flow }).map((one) => one.days)).toEqual([366, 366, 366, 366]);
    }
  });

  it('counts only days with data, so that gaps hide nothing', () => {
    const series = minutes({}, 5);
    const longer = zone.nextDay(zone.midnight('2026-01-25')) - series.start;
    const missing = Array.from({ length: longer / 60_000 - series.values.length }, () => null);
    const values = [...series.values, ...missing];
    const gappy = { ...series, values, quality: new Uint8Array(values.length) };
    expect(whatThisReveals(gappy)).toEqual(whatThisReveals(series));
  });

  it('is empty for a series without data and refuses a finer step', () => {
    const empty = { ...minutes({}, 1), values: [null], quality: Uint8Array.of(5), step: 'PT1H' as const };
    expect(whatThisReveals(empty)).toEqual({ step: 'PT1H', days: 0, found: [] });
    expect(() => whatThisReveals(empty, 'PT15M')).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_RANGE' }),
    );
    expect(revealsByStep(empty).map((one) => one.step)).toEqual(['PT1H', 'P1D']);
    const halfHour = revealsByStep({ ...empty, step: 'PT30M' });
    expect(halfHour.map((one) => one.step)).toEqual(['PT30M', 'PT1H', 'P1D']);
  });
});

describe('duplicate meters', () => {
  const snapshot = (device: string, at: number, values: readonly number[]) => ({
    device,
    readings: values.map(
      (value, i): RegisterReading => ({
        commodity: i < 4 ? 'electricity' : 'gas',
        flow: i === 2 || i === 3 ? 'export' : 'import',
        tariff: i === 4 ? 'total' : (i % 2) + 1,
        at,
        value,
        unit: i === 4 ? 'uM3' : 'uKWh',
        trust: 'signed',
        record: `${device}${at}${i}`,
      }),
    ),
  });
  const day = 86_400_000;

  it.skipIf(!hasFixtures)('finds the one meter behind Figures 9 and 13 of the seed report', () => {
    const registers = (name: string): RegisterReading[] =>
      readMeterFile(fixture(name) ?? new Uint8Array()).readings.flatMap((one) => ('at' in one ? [one] : []));
    const found = findDuplicateMeters([
      { device: 'figure 13', readings: registers('oehu-devices-fig13.transcribed.json') },
      { device: 'figure 9', readings: registers('oehu-devices-fig9.transcribed.json') },
    ]);
    expect(found).toEqual([{ a: 'figure 13', b: 'figure 9', reason: 'continues', registers: 4 }]);
  });

  it('finds the same registers under two ids, and nothing between strangers', () => {
    const values = [149_125_000, 125_595_000, 1_601_000, 0, 121_487_000];
    expect(findDuplicateMeters([snapshot('a', 0, values), snapshot('b', 30_000, values)])).toEqual([
      { a: 'a', b: 'b', reason: 'same-registers', registers: 4 },
    ]);
    const strangers = Array.from({ length: 1000 }, (_, i) =>
      snapshot(
        `s${i}`,
        i * 1000,
        values.map((_value, r) => 1_000_000 + ((i * 7919 + r * 104_729) % 900_000_007)),
      ),
    );
    expect(findDuplicateMeters(strangers)).toEqual([]);
    const newMeters = [snapshot('n1', 0, [0, 0, 0, 0, 0]), snapshot('n2', day, [0, 0, 0, 0, 0])];
    expect(findDuplicateMeters(newMeters)).toEqual([]);
    const backwards = snapshot('c', day, [149_125_000, 100_000_000, 1_601_000, 0, 130_000_000]);
    expect(findDuplicateMeters([snapshot('a', 0, values), backwards])).toEqual([]);
  });
});

it('keeps pseudonyms apart even when device and listing share characters', () => {
  const key = utf8ToBytes('0123456789abcdef');
  expect(listingPseudonym(key, 'ab', 'c')).not.toEqual(listingPseudonym(key, 'a', 'bc'));
});
