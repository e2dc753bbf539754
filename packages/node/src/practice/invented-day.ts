import { type IntervalSeries, Quality } from '@edmp/interface';
import { zoneOf } from '@edmp/oehu-client';

const QUARTER_MS = 900_000;
const ZONE = 'Europe/Amsterdam';

/** Bell curve of minutes around a moment of the day. */
const bell = (minute: number, centre: number, width: number): number =>
  Math.exp(-((minute - centre) ** 2) / (2 * width * width));

/**
 * The day before `now` (ms since the epoch) of a household that nobody lives in: what always runs, a morning, an evening.
 * Micro-kWh per quarter of an hour.
 */
export function inventedDay(now: number): IntervalSeries {
  const zone = zoneOf(ZONE);
  const end = zone.startOfDay(now);
  const start = zone.startOfDay(end - 1);
  const values = Array.from({ length: (end - start) / QUARTER_MS }, (_, i) => {
    const minute = i * 15;
    const watts =
      120 +
      (i % 3) * 40 +
      420 * bell(minute, 450, 40) +
      260 * bell(minute, 770, 60) +
      1_500 * bell(minute, 1_110, 55);
    return Math.round(watts * 250);
  });
  return {
    commodity: 'electricity',
    flow: 'import',
    unit: 'uKWh',
    start,
    step: 'PT15M',
    zone: ZONE,
    values,
    quality: new Uint8Array(values.length).fill(Quality.measured),
    trust: 'unsigned',
    verified: 0,
  };
}
