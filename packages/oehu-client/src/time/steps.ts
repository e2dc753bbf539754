import { INTERVAL_STEPS, type IntervalStep } from '@edmp/interface';
import { nominalStepMinutes } from '@edmp/interface/dataset';
import { MeterError } from '../errors.ts';
import { type Zone, zoneOf } from './zone.ts';

const MINUTE = 60_000;

/** Most intervals one series may have: four years of minutes. */
export const MAX_INTERVALS = 2_200_000;

/** Whether `text` is one of the steps. */
export function isIntervalStep(text: string): text is IntervalStep {
  return INTERVAL_STEPS.some((step) => step === text);
}

/**
 * Typical length of a step in ms, with 24 hours for a day.
 *
 * @param step - Length of an interval, ISO 8601: `PT15M`.
 */
export function nominalStepMs(step: IntervalStep): number {
  return nominalStepMinutes(step) * MINUTE;
}

/**
 * The first grid instant at or after `at`: steps are counted from local midnight (DESIGN §6).
 *
 * @param step - Length of an interval, ISO 8601: `PT15M`.
 */
export function alignUp(at: number, step: IntervalStep, zone: Zone): number {
  const midnight = zone.startOfDay(at);
  if (step === 'P1D') return midnight === at ? at : zone.nextDay(at);
  const length = nominalStepMs(step);
  return midnight + Math.ceil((at - midnight) / length) * length;
}

/**
 * Bounds of `count` intervals from `start`: `count + 1` instants in ms. Throws `ERR_METER_LIMIT` above 2.2 million.
 *
 * @param step - Length of an interval, ISO 8601: `PT15M`.
 * @param zone - IANA time zone in which days begin: `Europe/Amsterdam`.
 */
export function intervalBounds(start: number, step: IntervalStep, zone: string, count: number): Float64Array {
  if (!Number.isInteger(count) || count < 0 || count > MAX_INTERVALS) {
    throw new MeterError('ERR_METER_LIMIT', `A series has at most ${MAX_INTERVALS} intervals, got ${count}`);
  }
  const bounds = new Float64Array(count + 1);
  if (step !== 'P1D') {
    const length = nominalStepMs(step);
    for (let i = 0; i <= count; i++) bounds[i] = start + i * length;
    return bounds;
  }
  const calendar = zoneOf(zone);
  let at = start;
  for (let i = 0; i <= count; i++) {
    bounds[i] = at;
    at = calendar.nextDay(at);
  }
  return bounds;
}

/**
 * Bounds of all whole intervals inside [`from`, `to`). Throws `ERR_METER_RANGE` when the period is empty.
 *
 * @param step - Length of an interval, ISO 8601: `PT15M`.
 * @param zone - IANA time zone in which days begin: `Europe/Amsterdam`.
 */
export function boundsBetween(from: number, to: number, step: IntervalStep, zone: string): Float64Array {
  if (!Number.isFinite(from) || !Number.isFinite(to) || from >= to) {
    throw new MeterError('ERR_METER_RANGE', 'Expected from < to, both ms since the epoch', {
      details: { from, to },
    });
  }
  const calendar = zoneOf(zone);
  const start = alignUp(from, step, calendar);
  if (step !== 'P1D') {
    return intervalBounds(start, step, zone, Math.max(0, Math.floor((to - start) / nominalStepMs(step))));
  }
  const days: number[] = [start];
  for (let at = calendar.nextDay(start); at <= to; at = calendar.nextDay(at)) {
    days.push(at);
    if (days.length > MAX_INTERVALS) break;
  }
  return Float64Array.from(days);
}

/**
 * Number of intervals of one local day.
 *
 * @param date - `YYYY-MM-DD`.
 * @param step - Length of an interval, ISO 8601: `PT15M`.
 * @param zone - IANA time zone that the day is one of.
 */
export function intervalsInDay(date: string, step: IntervalStep, zone: string): number {
  const calendar = zoneOf(zone);
  const start = calendar.midnight(date);
  if (step === 'P1D') return 1;
  return Math.floor((calendar.nextDay(start) - start) / nominalStepMs(step));
}
