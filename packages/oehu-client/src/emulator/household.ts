import { type SeededRandom, seededRandom } from '@edmp/interface';
import type { Zone } from '../time/zone.ts';
import { MEAN_USE_WH, pickAppliance, poisson } from './appliances.ts';
import { type DayType, loadShape } from './shape.ts';
import { clearness, clearSky, normal, temperature } from './weather.ts';

/** What makes a household different from others. */
export interface HouseholdParameters {
  readonly seed: number;
  readonly occupants: number;
  /** Electricity used in a year before any sun power, kWh. */
  readonly annualKwh: number;
  /** Shift of the daily rhythm, hours. */
  readonly shiftHours: number;
  /** Peak power of solar panels, W; 0 = none. */
  readonly solarWatts: number;
  /** Charging power of an electric car, W; 0 = none. */
  readonly carWatts: number;
  /** Whether gas heats the house; otherwise there is no gas meter. */
  readonly gas: boolean;
  /** How much heating the house needs, 1 = usual. */
  readonly heating: number;
}

/** One local day of a household, minute by minute. */
export interface HouseholdDay {
  /** First instant of the day, ms since the epoch. */
  readonly start: number;
  /** Load in W for each minute; 1380, 1440 or 1500 of them. */
  readonly load: Float64Array;
  /** Sun power in W for each minute. */
  readonly solar: Float64Array;
  /** Gas in litres (10⁻³ m³) for each hour of the day. */
  readonly gas: Int32Array;
}

/** Share of the mean load that always runs: fridge, router, standby. */
const BASE_SHARE = 0.42;
const FRIDGE_WATTS = 85;
const FRIDGE_ON = 14;
const FRIDGE_OFF = 26;

/**
 * Parameters of household number `index` under `seed`.
 *
 * @param shares - `solar` (default 0.5) and `car` (default 0): which part of all households has panels and a car that
 *   charges, 0 to 1.
 */
export function householdParameters(
  seed: number,
  index: number,
  shares: { readonly solar?: number; readonly car?: number } = {},
): HouseholdParameters {
  const random = seededRandom(seed).fork(`household ${index}`);
  const occupants = 1 + poisson(random, 1.2);
  const annualKwh = (1150 + 750 * Math.min(occupants, 6)) * Math.exp(0.25 * normal(random));
  const shiftHours = 0.35 * normal(random);
  const solarWatts = random.unit() < (shares.solar ?? 0.5) ? 1800 + 400 * random.below(9) : 0;
  const carWatts = random.unit() < (shares.car ?? 0) ? 3700 : 0;
  return {
    seed: random.uint32(),
    occupants: Math.min(9, occupants),
    annualKwh,
    shiftHours,
    solarWatts,
    carWatts,
    gas: random.unit() < 0.9,
    heating: Math.exp(0.3 * normal(random)),
  };
}

/**
 * Kind of a local date; public holidays count as ordinary days of the week.
 *
 * @param date - `YYYY-MM-DD`.
 */
export function dayTypeOf(date: string): DayType {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday === 0 ? 'sunday' : weekday === 6 ? 'saturday' : 'workday';
}

/**
 * Day of the year of a local date, 1 … 366.
 *
 * @param date - `YYYY-MM-DD`.
 */
export function dayOfYear(date: string): number {
  return Math.round(
    (Date.parse(`${date}T00:00:00Z`) - Date.UTC(Number(date.slice(0, 4)), 0, 0)) / 86_400_000,
  );
}

/** Simulates the local day that starts at `start`. The same parameters and day always give the same bytes. */
export function simulateDay(household: HouseholdParameters, zone: Zone, start: number): HouseholdDay {
  const date = zone.dateOf(start);
  const random = seededRandom(household.seed).fork(date);
  const minutes = Math.round((zone.nextDay(start) - start) / 60_000);
  const load = new Float64Array(minutes);
  const mean = (household.annualKwh * 1000) / 8760;
  const day = dayOfYear(date);
  const hourAt = (minute: number): number => {
    const at = start + minute * 60_000;
    return ((((at + zone.offsetAt(at)) % 86_400_000) + 86_400_000) % 86_400_000) / 3_600_000;
  };

  addBase(load, mean, random);
  addUses(
    load,
    (minute) => {
      const hour = (hourAt(minute) - household.shiftHours + 24) % 24;
      return mean * Math.max(0, loadShape(dayTypeOf(date), day, hour) - BASE_SHARE);
    },
    random,
  );
  if (household.carWatts > 0 && random.unit() < 0.55) addCar(load, household.carWatts, random);
  // The weather is the same for all households of a day.
  const sky = seededRandom(1).fork(`weather ${date}`);
  const solar = solarPower(household, day, sky, random, minutes, hourAt);
  return { start, load, solar, gas: gasUse(household, day, sky, random, minutes, hourAt) };
}

function addBase(load: Float64Array, mean: number, random: SeededRandom): void {
  const cycle = FRIDGE_ON + FRIDGE_OFF;
  const standby = Math.max(12, BASE_SHARE * mean - (FRIDGE_WATTS * FRIDGE_ON) / cycle);
  const phase = random.below(cycle);
  for (let minute = 0; minute < load.length; minute++) {
    load[minute] = standby + ((minute + phase) % cycle < FRIDGE_ON ? FRIDGE_WATTS : 0);
  }
}

/** Adds random uses of appliances whose expected power follows `wanted`. */
function addUses(load: Float64Array, wanted: (minute: number) => number, random: SeededRandom): void {
  const slots = Math.ceil(load.length / 15);
  const cumulative = new Float64Array(slots + 1);
  for (let slot = 0; slot < slots; slot++) {
    cumulative[slot + 1] = (cumulative[slot] ?? 0) + wanted(slot * 15 + 7) / 4;
  }
  const energy = cumulative[slots] ?? 0;
  const uses = poisson(random, energy / MEAN_USE_WH);
  for (let use = 0; use < uses; use++) {
    const appliance = pickAppliance(random);
    const target = random.unit() * energy;
    let slot = 0;
    while (slot + 1 < slots && (cumulative[slot + 1] ?? 0) < target) slot++;
    const middle = slot * 15 + random.below(15);
    const watts = appliance.watts * (0.85 + 0.3 * random.unit());
    const first = middle - Math.floor(appliance.minutes / 2);
    for (let minute = first; minute < first + appliance.minutes; minute++) {
      const wrapped = (minute + load.length) % load.length;
      load[wrapped] = (load[wrapped] ?? 0) + watts;
    }
  }
}

function addCar(load: Float64Array, watts: number, random: SeededRandom): void {
  const first = 18 * 60 + random.below(150);
  const minutes = 60 + random.below(180);
  for (let minute = first; minute < Math.min(load.length, first + minutes); minute++) {
    load[minute] = (load[minute] ?? 0) + watts;
  }
}

type HourAt = (minute: number) => number;

function solarPower(
  household: HouseholdParameters,
  day: number,
  sky: SeededRandom,
  random: SeededRandom,
  minutes: number,
  hourAt: HourAt,
): Float64Array {
  const solar = new Float64Array(minutes);
  const clear = clearness(sky);
  if (household.solarWatts === 0) return solar;
  // Local clocks run about 40 minutes ahead of the sun in the Netherlands, and an hour more in summer.
  const lead = day > 86 && day < 300 ? 1.65 : 0.65;
  let cloud = 1;
  for (let minute = 0; minute < minutes; minute++) {
    if (minute % 5 === 0) cloud = Math.min(1, Math.max(0.2, cloud + 0.25 * (random.unit() - 0.5)));
    solar[minute] = household.solarWatts * clear * cloud * clearSky(day, hourAt(minute) - lead);
  }
  return solar;
}

function gasUse(
  household: HouseholdParameters,
  day: number,
  sky: SeededRandom,
  random: SeededRandom,
  minutes: number,
  hourAt: HourAt,
): Int32Array {
  const hours = Math.ceil(minutes / 60);
  const gas = new Int32Array(hours);
  const degrees = Math.max(0, 16.5 - temperature(sky, day));
  if (!household.gas) return gas;
  const heatingLitres = 480 * household.heating * degrees;
  const waterLitres = 190 * Math.min(4, household.occupants);
  for (let hour = 0; hour < hours; hour++) {
    const local = hourAt(hour * 60);
    const isHeated = local >= 6 && local < 23;
    const heating = (heatingLitres * (isHeated ? (local < 9 ? 1.8 : 1) : 0.25)) / 21;
    const bathes = (local >= 6.5 && local < 9) || (local >= 20 && local < 22);
    const water = (waterLitres * (bathes ? 4.2 : 0.5)) / 34;
    gas[hour] = Math.round((heating + water) * (0.75 + 0.5 * random.unit()));
  }
  return gas;
}
