import type { IntervalSeries, IntervalStep } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import { aggregate } from '../series/aggregate.ts';
import { nominalStepMs } from '../time/steps.ts';
import { type DayProfile, dayProfiles, median, quantile } from './day-profiles.ts';

/** One thing that a stranger can tell from a series. */
export interface Revelation {
  readonly kind:
    | 'consumption'
    | 'base-load'
    | 'wake-and-sleep'
    | 'at-home-by-day'
    | 'absence'
    | 'electric-vehicle'
    | 'solar-panels'
    | 'appliances';
  /** How much it says about the people, not only about the house. */
  readonly sensitivity: 'low' | 'medium' | 'high';
  /** One sentence for the owner, with the figures found in this very series. */
  readonly text: string;
  /** Local days concerned, `YYYY-MM-DD`, where it is about days. */
  readonly days: readonly string[];
}

/** What {@link whatThisReveals} found. */
export interface Reveals {
  readonly step: IntervalStep;
  /** Local days that have data. */
  readonly days: number;
  readonly found: readonly Revelation[];
}

const HOUR = 3_600_000;
const clock = (hours: number): string => {
  const minutes = Math.round(hours * 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
};
const kwh = (micro: number): string => (micro / 1e6).toFixed(1);

/**
 * What an observer can tell from a series if it is sold in steps of `step`, found by looking for it in this series
 * itself: the owner sees the price of a finer step before agreeing to it. Simple rules, no model; what they do not find
 * somebody else's may. Throws `ERR_METER_RANGE` when `step` is finer than the series.
 */
export function whatThisReveals(series: IntervalSeries, step: IntervalStep = series.step): Reveals {
  const shown = aggregate(series, step);
  if (shown.values.every((value) => value === null)) {
    return { step, days: 0, found: [] };
  }
  // Days without any data tell nothing, and counting them would make the rest look rarer than it is.
  const days = dayProfiles(shown).filter((day) => day.coverage > 0);
  const found: Revelation[] = [];
  const totals = days.filter((day) => day.coverage > 0.8).map((day) => day.total);
  const unit = series.unit === 'uM3' ? 'm³' : series.unit === 'uGJ' ? 'GJ' : 'kWh';
  if (totals.length > 0) {
    found.push({
      kind: 'consumption',
      sensitivity: 'low',
      text: `A usual day is ${kwh(median(totals))} ${unit}: it hints at the number of people and the size of the house.`,
      days: [],
    });
  }
  const isPower = series.commodity === 'electricity';
  const base =
    step === 'P1D'
      ? undefined
      : quantile(
          days.flatMap((day) => day.power),
          0.1,
        );
  // A dark day feeds little in, whoever is at home.
  const absent = series.flow === 'export' ? [] : absentDays(days, base);
  if (absent.length > 0) {
    found.push({
      kind: 'absence',
      sensitivity: 'high',
      text: `Nobody seems to have been at home on ${absent.length} of ${days.length} days.`,
      days: absent,
    });
  }
  if (isPower && series.flow === 'export') found.push(...exported(days, step));
  else if (isPower && base !== undefined) found.push(...imported(days, base, nominalStepMs(step)));
  return { step, days: days.length, found };
}

/** {@link whatThisReveals} at the step of the series and at every usual coarser one, finest first. */
export function revealsByStep(series: IntervalSeries): Reveals[] {
  const steps = new Set<IntervalStep>([series.step, 'PT1M', 'PT15M', 'PT1H', 'P1D']);
  return [...steps].flatMap((step) => {
    try {
      return [whatThisReveals(series, step)];
    } catch (error) {
      if (error instanceof MeterError && error.code === 'ERR_METER_RANGE') return [];
      throw error;
    }
  });
}

/** Days that used far less than usual, or hardly more than what always runs. */
function absentDays(days: readonly DayProfile[], base: number | undefined): string[] {
  const whole = days.filter((day) => day.coverage > 0.8);
  if (whole.length < 3) return [];
  const usual = median(whole.map((day) => day.total));
  const limit =
    base === undefined ? 0.5 * usual : Math.max(0.4 * usual, Math.min(0.6 * usual, base * 24 * 1.25));
  return usual <= 0 ? [] : whole.filter((day) => day.total < limit).map((day) => day.date);
}

function exported(days: readonly DayProfile[], step: IntervalStep): Revelation[] {
  const active = days.filter((day) => day.total > 0);
  if (active.length === 0) return [];
  let peak = 0;
  for (const day of days) for (const power of day.power) peak = Math.max(peak, power);
  const size = step === 'P1D' ? '' : ` of about ${(peak / 1e6).toFixed(1)} kW`;
  const text = `There are solar panels${size}; with the weather of the day their output tells the place to some tens of kilometres.`;
  return [{ kind: 'solar-panels', sensitivity: 'medium', text, days: [] }];
}

/** What the import of electricity within a day shows. `base` in micro-units an hour. */
function imported(days: readonly DayProfile[], base: number, stepMs: number): Revelation[] {
  const found: Revelation[] = [
    {
      kind: 'base-load',
      sensitivity: 'low',
      text: `About ${Math.round(base / 1000)} W always runs: fridges, network and standby.`,
      days: [],
    },
  ];
  const awake = base + Math.max(60_000, 0.35 * base);
  const wakes: number[] = [];
  const sleeps: number[] = [];
  const cars: string[] = [];
  const home: string[] = [];
  let uses = 0;
  for (const day of days) {
    const at = (test: (hour: number) => boolean, list: readonly number[] = day.power): number[] =>
      list.filter((_, i) => test(day.hours[i] ?? 0));
    const first = day.power.findIndex(
      (power, i) => power > awake && (day.hours[i] ?? 0) >= 4.5 && (day.hours[i] ?? 0) < 12,
    );
    const last = day.power.findLastIndex((power, i) => power > awake && (day.hours[i] ?? 0) >= 19);
    if (first >= 0) wakes.push(day.hours[first] ?? 0);
    if (last >= 0) sleeps.push((day.hours[last] ?? 0) + stepMs / HOUR);
    if (hasCharging(day.power, stepMs)) cars.push(day.date);
    const office = at((hour) => hour >= 9.5 && hour < 16);
    if (office.length > 0 && day.isWorkday && quantile(office, 0.6) > awake) home.push(day.date);
    if (stepMs <= 5 * 60_000) uses += peaks(day.power, base);
  }
  if (wakes.length > 0 && sleeps.length > 0) {
    const text = `People usually get up about ${clock(median(wakes))} and the house falls quiet about ${clock(median(sleeps))}.`;
    found.push({ kind: 'wake-and-sleep', sensitivity: 'high', text, days: [] });
  }
  const workdays = days.filter((day) => day.isWorkday).length;
  if (workdays > 0) {
    const text = `Somebody seems to be at home during working hours on ${home.length} of ${workdays} working days.`;
    found.push({ kind: 'at-home-by-day', sensitivity: 'high', text, days: home });
  }
  if (cars.length > 0) {
    const text = `A car seems to be charged at home on ${cars.length} of ${days.length} days.`;
    found.push({ kind: 'electric-vehicle', sensitivity: 'medium', text, days: cars });
  }
  const noons = days
    .filter((day) => day.total > 0)
    .map(
      (day) => day.power.filter((power, i) => power === 0 && Math.abs((day.hours[i] ?? 0) - 13) < 3).length,
    );
  const perNoon = (6 * HOUR) / stepMs;
  if (noons.length > 0 && median(noons) > 0.25 * perNoon) {
    const text = 'The meter often stands still around noon: there are solar panels.';
    found.push({ kind: 'solar-panels', sensitivity: 'low', text, days: [] });
  }
  if (uses > 0) {
    const text = `About ${Math.round(uses / days.length)} uses a day of kettle, oven or the like can be told apart, to the minute.`;
    found.push({ kind: 'appliances', sensitivity: 'high', text, days: [] });
  }
  return found;
}

/** Whether at least an hour in a row lies 2.8 kW or more above what came before it. */
function hasCharging(power: readonly number[], stepMs: number): boolean {
  const needed = Math.max(1, Math.ceil(HOUR / stepMs));
  let run = 0;
  for (const value of power) {
    run = value >= 2_800_000 ? run + 1 : 0;
    if (run >= needed) return true;
  }
  return false;
}

/** Number of times that the power jumps up by 700 W or more. */
function peaks(power: readonly number[], base: number): number {
  let count = 0;
  for (let i = 1; i < power.length; i++) {
    if ((power[i] ?? 0) - Math.max(base, power[i - 1] ?? 0) > 700_000) count++;
  }
  return count;
}
