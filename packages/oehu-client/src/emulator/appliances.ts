import type { SeededRandom } from '@edmp/interface';

/** One use of an appliance: power over a number of minutes. */
export interface Appliance {
  readonly name: string;
  readonly watts: number;
  readonly minutes: number;
  /** How often it is used, relative to the others. */
  readonly weight: number;
}

/** What people switch on. Powers and durations are typical; the mix makes about a quarter of a kilowatt hour a use. */
export const APPLIANCES: readonly Appliance[] = [
  { name: 'lights', watts: 55, minutes: 110, weight: 26 },
  { name: 'kettle', watts: 2000, minutes: 3, weight: 16 },
  { name: 'television', watts: 95, minutes: 140, weight: 13 },
  { name: 'computer', watts: 110, minutes: 150, weight: 11 },
  { name: 'microwave', watts: 950, minutes: 5, weight: 9 },
  { name: 'hob', watts: 1400, minutes: 18, weight: 8 },
  { name: 'hair dryer', watts: 1500, minutes: 6, weight: 5 },
  { name: 'vacuum cleaner', watts: 850, minutes: 15, weight: 3 },
  { name: 'dishwasher', watts: 620, minutes: 90, weight: 3 },
  { name: 'washing machine', watts: 420, minutes: 100, weight: 3 },
  { name: 'oven', watts: 1500, minutes: 40, weight: 3 },
];

const WEIGHT = APPLIANCES.reduce((sum, { weight }) => sum + weight, 0);

/** Expected energy of one use, Wh. */
export const MEAN_USE_WH: number = APPLIANCES.reduce(
  (sum, { watts, minutes, weight }) => sum + (watts * minutes * weight) / 60 / WEIGHT,
  0,
);

/** A random appliance. */
export function pickAppliance(random: SeededRandom): Appliance {
  let left = random.unit() * WEIGHT;
  for (const appliance of APPLIANCES) {
    left -= appliance.weight;
    if (left < 0) return appliance;
  }
  return APPLIANCES[0] ?? { name: 'lights', watts: 55, minutes: 110, weight: 1 };
}

/** Poisson-distributed count by Knuth's product, split so that it cannot underflow. */
export function poisson(random: SeededRandom, mean: number): number {
  let count = 0;
  for (let left = mean; left > 0; left -= 30) {
    const floor = Math.exp(-Math.min(left, 30));
    for (let product = random.unit(); product > floor; product *= random.unit()) count++;
  }
  return count;
}
