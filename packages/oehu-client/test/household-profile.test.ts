import { zoneOf } from '@edmp/oehu-client';
import { householdParameters, simulateDay } from '@edmp/oehu-client/emulator';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { fixtureText, hasFixtures } from './support/fixtures.ts';

const HOUSEHOLDS = 500;
/** All months, by the season that their middle lies in; the days are simulated there. */
const SEASONS = { winter: [11, 12, 1, 2, 3], transition: [4, 5, 9, 10], summer: [6, 7, 8] } as const;
/** Column in a month's three columns, and a day of the week. */
const DAY_TYPES = { saturday: [0, 6], sunday: [1, 0], workday: [2, 2] } as const;

/** Quarter-hour means of the profile: month, day type, quarter. */
function profile(): (month: number, column: number, quarter: number) => number {
  const rows = fixtureText('bdew-h25-slp.csv')
    .trim()
    .split(/\r?\n/)
    .slice(2)
    .map((line) => line.split(',').slice(1).map(Number));
  return (month, column, quarter) => rows[quarter]?.[3 * (month - 1) + column] ?? Number.NaN;
}

/** A day of the wanted weekday near the middle of a month of 2026. */
function dayIn(month: number, weekday: number): string {
  const middle = new Date(Date.UTC(2026, month - 1, 12));
  while (middle.getUTCDay() !== weekday) middle.setUTCDate(middle.getUTCDate() + 1);
  return middle.toISOString().slice(0, 10);
}

describe.skipIf(!hasFixtures)(
  'the aggregate of 500 simulated households (profile beside the repository)',
  () => {
    const zone = zoneOf('Europe/Amsterdam');
    const households = Array.from({ length: HOUSEHOLDS }, (_, index) => householdParameters(2026, index));
    for (const [season, months] of Object.entries(SEASONS)) {
      for (const [dayType, [column, weekday]] of Object.entries(DAY_TYPES)) {
        it(
          `follows the H25 profile in ${season} on a ${dayType}`,
          () => {
            const expected = profile();
            const model = new Array<number>(96).fill(0);
            const wanted = new Array<number>(96).fill(0);
            for (const month of months) {
              const start = zone.midnight(dayIn(month, weekday));
              for (const household of households) {
                const { load } = simulateDay(household, zone, start);
                for (const [minute, watts] of load.entries())
                  model[Math.floor(minute / 15)] = (model[Math.floor(minute / 15)] ?? 0) + watts;
              }
              for (let q = 0; q < 96; q++) wanted[q] = (wanted[q] ?? 0) + expected(month, column, q);
            }
            const mean = (list: readonly number[]): number =>
              list.reduce((sum, value) => sum + value, 0) / list.length;
            const [a, b] = [mean(model), mean(wanted)];
            const x = model.map((value) => value / a);
            const y = wanted.map((value) => value / b);
            let [xy, xx, yy, squares] = [0, 0, 0, 0];
            for (let q = 0; q < 96; q++) {
              const [dx, dy] = [(x[q] ?? 0) - 1, (y[q] ?? 0) - 1];
              xy += dx * dy;
              xx += dx * dx;
              yy += dy * dy;
              squares += (dx - dy) ** 2;
            }
            const correlation = xy / Math.sqrt(xx * yy);
            const error = Math.sqrt(squares / 96);
            console.log(
              `H25 ${season} ${dayType}: correlation ${correlation.toFixed(4)}, normalised RMS error ${(100 * error).toFixed(1)} %`,
            );
            expect(correlation).toBeGreaterThanOrEqual(0.97);
            expect(error).toBeLessThanOrEqual(0.1);
          },
          bounds.long,
        );
      }
    }
  },
);

describe('a simulated household', () => {
  const zone = zoneOf('Europe/Amsterdam');

  it(
    'uses about what its parameters say, in a year',
    () => {
      let used = 0;
      let promised = 0;
      for (let index = 0; index < 20; index++) {
        const household = householdParameters(7, index);
        let at = zone.midnight('2025-01-01');
        for (let day = 0; day < 52; day++) {
          used +=
            simulateDay(household, zone, at).load.reduce((sum, watts) => sum + watts / 60_000, 0) *
            (365 / 52);
          for (let skip = 0; skip < 7; skip++) at = zone.nextDay(at);
          if (day % 7 === 0) at = zone.nextDay(at);
        }
        promised += household.annualKwh;
      }
      expect(used / promised).toBeGreaterThan(0.85);
      expect(used / promised).toBeLessThan(1.15);
    },
    bounds.long,
  );

  it('has sun power by day only, and more of it in summer', () => {
    const household = { ...householdParameters(7, 1), solarWatts: 4000 };
    const energy = (date: string): number =>
      simulateDay(household, zone, zone.midnight(date)).solar.reduce((sum, watts) => sum + watts / 60_000, 0);
    const days = (month: string): number =>
      [10, 14, 18, 22].reduce((sum, day) => sum + energy(`2026-${month}-${day}`), 0);
    expect(days('06')).toBeGreaterThan(3 * days('12'));
    const { solar } = simulateDay(household, zone, zone.midnight('2026-06-10'));
    expect(Math.max(...solar.slice(0, 4 * 60))).toBe(0);
    expect(Math.max(...solar)).toBeLessThanOrEqual(4000);
  });

  it('has 23 hours of minutes in March and 25 in October', () => {
    const household = householdParameters(7, 1);
    expect(simulateDay(household, zone, zone.midnight('2026-03-29')).load).toHaveLength(1380);
    expect(simulateDay(household, zone, zone.midnight('2026-10-25')).load).toHaveLength(1500);
  });
});
