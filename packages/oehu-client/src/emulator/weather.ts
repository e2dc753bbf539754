import type { SeededRandom } from '@edmp/interface';
import { winterness } from './shape.ts';

/** Standard normal number by Box and Muller. */
export function normal(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.unit()));
  return radius * Math.cos(2 * Math.PI * random.unit());
}

/** Mean outdoor temperature of a day in °C: a Dutch year with weather of a few degrees around it. */
export function temperature(random: SeededRandom, dayOfYear: number): number {
  return 10.6 - 7.4 * winterness(dayOfYear - 12) + 2.5 * normal(random);
}

/** Share of clear-sky sunshine that reaches the panels on a day, 0.08 … 1. */
export function clearness(random: SeededRandom): number {
  return Math.min(1, Math.max(0.08, 0.08 + 0.92 * random.unit() ** 0.8));
}

const DEGREE = Math.PI / 180;

/** Power of panels as a share of their peak under a clear sky, by solar elevation at 52° N. `hour` is mean solar time. */
export function clearSky(dayOfYear: number, hour: number): number {
  const declination = -23.44 * DEGREE * Math.cos((2 * Math.PI * (dayOfYear + 10)) / 365);
  const angle = (hour - 12) * 15 * DEGREE;
  const latitude = 52 * DEGREE;
  const sine =
    Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(angle);
  // Panels tilted to the south gain on low sun; the atmosphere takes its share of it.
  return sine <= 0 ? 0 : 0.85 * sine ** 0.9;
}
