import { Quality } from '@edmp/interface';
import type { IntervalReading, MeterReading } from '../reading.ts';
import { type AnyReading, isIntervalReading, NO_TIME } from '../sources/meter-file.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Most series of different resolution that one register may tell side by side. */
const MAX_LANES = 8;

/**
 * Registers of interval amounts: a counter from 0 for each meter and tariff, read at both ends of every interval. Where
 * intervals do not follow each other the counter starts a new `epoch`, so a missing interval stays missing.
 *
 * An interval that is told again replaces the first (`edited` when the amount changed). Intervals of several lengths
 * that lie over each other become counters of their own. Days written as 86 400 s end where the next one begins, also
 * when the clock changed. Tariffs that take turns stand still while another one counts.
 *
 * @param readings - Interval amounts and registers, also mixed; registers without a time are left out, others pass as
 *   they are.
 */
export function registersOf(readings: readonly AnyReading[]): MeterReading[] {
  const registers: MeterReading[] = [];
  const groups = new Map<string, IntervalReading[]>();
  for (const reading of readings) {
    if (!isIntervalReading(reading)) {
      if (reading.at !== NO_TIME) registers.push(reading);
      continue;
    }
    const key = `${reading.commodity}|${reading.flow}|${reading.serial ?? ''}|${reading.register}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [reading]);
    else group.push(reading);
  }
  for (const group of groups.values()) {
    for (const intervals of byTariff(group)) count(intervals, registers);
  }
  return registers;
}

/** The intervals of each tariff, ascending and corrected; tariffs that take turns are filled with zeros. */
function byTariff(group: readonly IntervalReading[]): IntervalReading[][] {
  const tariffs = new Map<number | 'total', IntervalReading[]>();
  for (const reading of group) {
    const list = tariffs.get(reading.tariff);
    if (list === undefined) tariffs.set(reading.tariff, [reading]);
    else list.push(reading);
  }
  const settled = new Map([...tariffs].map(([tariff, list]) => [tariff, corrected(list)] as const));
  const turns = [...settled.keys()].filter((tariff) => tariff !== 'total');
  if (turns.length < 2) return [...settled.values()];
  const all = turns.flatMap((tariff) => settled.get(tariff) ?? []).sort((a, b) => a.start - b.start);
  if (!takeTurns(all)) return [...settled.values()];
  for (const tariff of turns) {
    settled.set(
      tariff,
      all.map((one) => (one.tariff === tariff ? one : { ...one, tariff, value: 0 })),
    );
  }
  return [...settled.values()];
}

/** Whether ascending intervals never lie over each other, but for the hour of a clock change. */
function takeTurns(intervals: readonly IntervalReading[]): boolean {
  let end = Number.NEGATIVE_INFINITY;
  for (const { start, duration } of intervals) {
    if (start < end - HOUR) return false;
    if (start < end && duration < DAY) return false;
    end = start + duration;
  }
  return true;
}

/** Ascending by start and length; of those told more than once only the newest. */
function corrected(list: IntervalReading[]): IntervalReading[] {
  let isStrict = true;
  for (let i = 1; i < list.length && isStrict; i++) {
    isStrict = (list[i]?.start ?? 0) > (list[i - 1]?.start ?? 0);
  }
  if (isStrict) return list;
  const sorted = [...list].sort((a, b) => a.start - b.start || a.duration - b.duration);
  const kept: IntervalReading[] = [];
  for (const reading of sorted) {
    const last = kept[kept.length - 1];
    if (last === undefined || last.start !== reading.start || last.duration !== reading.duration) {
      kept.push(reading);
      continue;
    }
    const isChanged = last.value !== reading.value && reading.quality === Quality.measured;
    kept[kept.length - 1] = isChanged ? { ...reading, quality: Quality.edited } : reading;
  }
  return kept;
}

/** A counter over intervals that follow each other. */
interface Lane {
  readonly index: number;
  end: number;
  /** Length of the last interval. */
  duration: number;
  value: number;
  epoch: number;
  /** Where its last reading stands in the output. */
  last: number;
}

/** Counts ascending intervals of one tariff into registers. */
function count(intervals: readonly IntervalReading[], registers: MeterReading[]): void {
  const lanes: Lane[] = [];
  for (const { start, duration, value, quality, ...rest } of intervals) {
    let lane = laneFor(lanes, start, duration);
    if (lane === undefined) {
      if (lanes.length === MAX_LANES) continue;
      lane = { index: lanes.length, end: Number.NaN, duration, value: 0, epoch: -1, last: -1 };
      lanes.push(lane);
    }
    // What lies over another series of the same register is a register of its own.
    const named = lane.index === 0 ? rest : { ...rest, register: `${rest.register}#${lane.index}` };
    const before = registers[lane.last];
    if (lane.end !== start && before !== undefined && isDayOverChange(lane, start)) {
      registers[lane.last] = { ...before, at: start };
    } else if (lane.end !== start) {
      lane.value = 0;
      lane.epoch++;
      registers.push({ ...named, at: start, value: 0, epoch: lane.epoch, interval: duration });
    }
    lane.value += value;
    lane.end = start + duration;
    lane.duration = duration;
    lane.last = registers.length;
    registers.push({
      ...named,
      at: lane.end,
      value: lane.value,
      epoch: lane.epoch,
      quality,
      interval: duration,
    });
  }
}

/** The series that an interval goes on with: one that ends where it begins, else one that it does not lie over. */
function laneFor(lanes: readonly Lane[], start: number, duration: number): Lane | undefined {
  let best: Lane | undefined;
  let bestRank = 0;
  for (const lane of lanes) {
    const follows = lane.end === start || isDayOverChange(lane, start);
    if (!follows && lane.end > start) continue;
    const rank = (follows ? 2 : 0) + (lane.duration === duration ? 1 : 0) + 1;
    if (rank > bestRank) {
      best = lane;
      bestRank = rank;
    }
  }
  return best;
}

/** Whether the last interval was a day written as 86 400 s that the clock made up to an hour shorter or longer. */
function isDayOverChange(lane: Lane, start: number): boolean {
  if (lane.duration % DAY !== 0) return false;
  const shift = Math.abs(start - lane.end);
  return shift > 0 && shift <= HOUR && shift % (HOUR / 2) === 0;
}
