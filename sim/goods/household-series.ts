import type { Consumption, Descriptor, SeededRandom } from '../../packages/interface/src/index.ts';
import { emulatedMeter } from '../../packages/oehu-client/src/emulator/registers.ts';
import { householdParameters } from '../../packages/oehu-client/src/emulator.ts';
import { branch, intervalSeries, type MeterReading, zoneOf } from '../../packages/oehu-client/src/index.ts';

const ZONE = 'Europe/Amsterdam';
const QUARTER_MS = 15 * 60_000;
/** First day of the first dataset of a household; each further one is of the days after it. */
const FIRST_DAY = '2025-11-03';
/** Longest dataset, days: more change nothing but the time that a history takes. */
const MAX_DAYS = 3;
/** Of so many readings a meter's gateway lost one, in some households. */
const LOSSES = 40;

/** A household as meters see it: its days one after the other, cut into datasets. */
export interface HouseholdSeries {
  /** The next days of the household, as they are listed: what everybody sees, and what is sold. */
  next(title: string): { readonly descriptor: Descriptor; readonly consumption: Consumption };
}

/** The series of one drawn household: registers at every quarter of an hour, to intervals, to the two parts of a listing. */
export function householdSeries(random: SeededRandom): HouseholdSeries {
  const zone = zoneOf(ZONE);
  const first = zone.midnight(FIRST_DAY);
  const meter = emulatedMeter(householdParameters(random.uint32(), 0), zone, first);
  const losesReadings = random.below(3) === 0;
  const pseudonymKey = random.bytes(16);
  let from = first;
  return {
    next(title) {
      let to = from;
      for (let days = 1 + random.below(MAX_DAYS); days > 0; days--) to = zone.nextDay(to);
      const readings: MeterReading[] = [];
      for (let at = from; at <= to; at += QUARTER_MS) {
        if (losesReadings && at > from && at < to && random.below(LOSSES) === 0) continue;
        const { import1, import2 } = meter.at(at);
        for (const [tariff, wattHours] of [
          [1, import1],
          [2, import2],
        ] as const) {
          readings.push({
            commodity: 'electricity',
            flow: 'import',
            tariff,
            at,
            value: wattHours * 1_000,
            unit: 'uKWh',
            trust: 'unsigned',
            record: `${at}`,
          });
        }
      }
      const series = intervalSeries(readings, {
        commodity: 'electricity',
        flow: 'import',
        from,
        to,
        step: 'PT15M',
        zone: ZONE,
      });
      from = to;
      return branch(series, {
        accuracy: 50_000,
        location: null,
        household: null,
        pseudonymKey,
        listing: title,
        licence: 'EDMP-personal-1',
        purposes: ['research'],
        title,
        consent: null,
        allowPersonalText: true,
      });
    },
  };
}
