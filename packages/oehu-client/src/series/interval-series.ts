import {
  type Commodity,
  type Flow,
  type IntervalSeries,
  type IntervalStep,
  Quality,
  type QualityCode,
} from '@edmp/interface';
import { UNITS_OF_COMMODITY } from '@edmp/interface/dataset';
import { MICRO } from '../decimal.ts';
import { MeterError } from '../errors.ts';
import type { MeterReading } from '../reading.ts';
import { boundsBetween, nominalStepMs } from '../time/steps.ts';
import { lowestLevel } from './attestation.ts';
import { Coverage, type CumulativeColumn, readCumulative } from './cumulative.ts';
import { worseQuality } from './quality.ts';
import { type CleanRegister, cleanRegister, type RegisterNote } from './registers.ts';

/** Options of {@link intervalSeries}. */
export interface IntervalSeriesOptions {
  readonly commodity: Commodity;
  readonly flow: Flow;
  /** Period wanted, ms since the epoch; only whole intervals inside [`from`, `to`) are made. */
  readonly from: number;
  readonly to: number;
  readonly step: IntervalStep;
  /** IANA zone whose midnights the grid starts from. */
  readonly zone: string;
  /** Longest stretch without a reading that is bridged by a straight line, in steps. Default 2. */
  readonly bridge?: number;
  /**
   * Most that may flow in an hour, micro-units; larger jumps are quarantined. Default 55 kWh (3 × 80 A) for
   * electricity, 40 m³ for gas, 20 m³ for water, 1 GJ for heat.
   */
  readonly maxPerHour?: number;
}

/** A run of intervals without data. */
export interface SeriesGap {
  /** Index of the first interval of the run. */
  readonly first: number;
  readonly count: number;
  /** What flowed in the whole run, micro-units, when the registers on both sides tell; else null. */
  readonly total: number | null;
  readonly reason: 'no-data' | 'reset' | 'implausible';
}

/** How a series came about: what is missing, what was corrected. */
export interface SeriesReport {
  readonly intervals: number;
  readonly missing: number;
  readonly interpolated: number;
  readonly gaps: readonly SeriesGap[];
  readonly notes: readonly RegisterNote[];
}

/** An {@link IntervalSeries} with the report of its making. */
export interface MeasuredSeries extends IntervalSeries {
  readonly report: SeriesReport;
}

const DEFAULT_MAX_PER_HOUR: Readonly<Record<Commodity, number>> = {
  electricity: 55 * MICRO,
  gas: 40 * MICRO,
  water: 20 * MICRO,
  heat: MICRO,
};

/**
 * Interval series of one commodity and direction from cumulative readings in any order (DESIGN §6).
 *
 * Each interval is the difference of the registers at its two bounds, tariffs summed as integers (a `total` register
 * is used only when no tariffs are there). Bounds between readings are read off the straight line; a stretch longer
 * than `bridge` steps gives null intervals whose total is kept in `report.gaps`, so sums still close. Nothing is ever
 * subtracted across a reset or an impossible jump. Throws `ERR_METER_RANGE` when no reading fits or the period is
 * empty, `ERR_METER_TIME` for an unknown zone.
 */
export function intervalSeries(
  readings: readonly MeterReading[],
  options: IntervalSeriesOptions,
): MeasuredSeries {
  const { commodity, flow, step, zone } = options;
  const wanted = readings.filter((reading) => reading.commodity === commodity && reading.flow === flow);
  const unit = wanted[0]?.unit ?? UNITS_OF_COMMODITY[commodity][0];
  if (wanted.some((reading) => reading.unit !== unit)) {
    throw new MeterError('ERR_METER_RANGE', `The ${commodity} readings mix units; convert them to one first`);
  }
  const bounds = boundsBetween(options.from, options.to, step, zone);
  const count = bounds.length - 1;
  const maxPerHour = options.maxPerHour ?? DEFAULT_MAX_PER_HOUR[commodity];
  const bridge = (options.bridge ?? 2) * nominalStepMs(step);
  const registers = splitRegisters(wanted).map((register) => cleanRegister(register, maxPerHour));

  const values = new Array<number | null>(count).fill(null);
  const quality = new Uint8Array(count).fill(Quality.missing);
  const gaps: SeriesGap[] = [];
  if (registers.length > 0) {
    const columns = registers.map((register) =>
      readCumulative(register.runs, bounds, bridge, nominalStepMs(step)),
    );
    // Registers of different meters, not tariffs of one: a meter that is not there yet, or no longer, adds nothing.
    const areMeters = columns.length > 1 && wanted.every((reading) => reading.tariff === 'total');
    for (let i = 0; i < count; i++) {
      let sum: number | null = 0;
      let code: QualityCode = Quality.measured;
      for (const column of areMeters ? presentAt(columns, bounds, i) : columns) {
        const left = column.level[i] ?? Number.NaN;
        const right = column.level[i + 1] ?? Number.NaN;
        const covered = column.covered[i] === Coverage.full && column.run[i] === column.run[i + 1];
        if (Number.isNaN(left) || Number.isNaN(right) || !covered) {
          sum = null;
          code = column.covered[i] === Coverage.reset ? Quality.reset : Quality.missing;
          if (code === Quality.reset) break;
        } else if (sum !== null) {
          sum += right - left;
          code = worseQuality(code, column.quality[i] as QualityCode);
        }
      }
      values[i] = sum;
      quality[i] = code;
    }
    collectGaps(values, quality, columns, gaps);
  }

  const notes = registers
    .flatMap((register: CleanRegister) => register.notes)
    .concat(totalMismatches(wanted));
  const { trust } = lowestLevel(readingsBehind(wanted, bounds));
  const { verified } = lowestLevel(
    wanted.filter((reading) => reading.at >= options.from && reading.at < options.to),
  );
  return {
    commodity,
    flow,
    unit,
    start: bounds[0] ?? options.from,
    step,
    zone,
    values,
    quality,
    trust,
    verified: trust === 'unsigned' ? 0 : verified,
    report: {
      intervals: count,
      missing: values.reduce<number>((missing, value) => missing + (value === null ? 1 : 0), 0),
      interpolated: quality.reduce((sum, code) => sum + (code === Quality.interpolated ? 1 : 0), 0),
      gaps,
      notes,
    },
  };
}

/** Readings that the values rest on: those between the outer bounds, and the ones around that close the ends. */
function readingsBehind(readings: readonly MeterReading[], bounds: Float64Array): readonly MeterReading[] {
  const start = bounds[0] ?? Number.NaN;
  const end = bounds[bounds.length - 1] ?? Number.NaN;
  let first = Number.NEGATIVE_INFINITY;
  let last = Number.POSITIVE_INFINITY;
  for (const { at } of readings) {
    if (at <= start) first = Math.max(first, at);
    if (at >= end) last = Math.min(last, at);
  }
  return readings.filter(({ at }) => at >= first && at <= last);
}

/** The meters that had been read by the start of interval `i` and still were at its end; all of them when none is. */
function presentAt(
  columns: readonly CumulativeColumn[],
  bounds: Float64Array,
  i: number,
): readonly CumulativeColumn[] {
  const from = bounds[i] ?? 0;
  const to = bounds[i + 1] ?? 0;
  const present = columns.filter((column) => column.begin < to && column.end > from);
  return present.length > 0 ? present : columns;
}

/** Readings by register; the `total` register only when the same meter gives no tariffs. */
function splitRegisters(readings: readonly MeterReading[]): MeterReading[][] {
  const hasTariffs = readings.some((reading) => reading.tariff !== 'total');
  const registers = new Map<string, MeterReading[]>();
  for (const reading of readings) {
    if (hasTariffs && reading.tariff === 'total') continue;
    const key = `${reading.meter ?? ''}|${reading.tariff}`;
    const register = registers.get(key);
    if (register === undefined) registers.set(key, [reading]);
    else register.push(reading);
  }
  return [...registers.values()];
}

/** Moments where a `total` register differs by more than 1 Wh (or 1 L) from the sum of the tariffs. */
function totalMismatches(readings: readonly MeterReading[]): RegisterNote[] {
  if (!readings.some((reading) => reading.tariff === 'total')) return [];
  const sums = new Map<string, { tariffs: number; total: number | undefined; count: number; at: number }>();
  for (const reading of readings) {
    const key = `${reading.record}|${reading.at}`;
    const entry = sums.get(key) ?? { tariffs: 0, total: undefined, count: 0, at: reading.at };
    if (reading.tariff === 'total') entry.total = reading.value;
    else {
      entry.tariffs += reading.value;
      entry.count++;
    }
    sums.set(key, entry);
  }
  const notes: RegisterNote[] = [];
  for (const { tariffs, total, count, at } of sums.values()) {
    if (total !== undefined && count > 0 && Math.abs(total - tariffs) > 1000) {
      notes.push({ kind: 'total-mismatch', at });
    }
  }
  return notes;
}

function collectGaps(
  values: readonly (number | null)[],
  quality: Uint8Array,
  columns: readonly CumulativeColumn[],
  gaps: SeriesGap[],
): void {
  for (let i = 0; i < values.length; ) {
    if (values[i] !== null) {
      i++;
      continue;
    }
    const first = i;
    let reason: SeriesGap['reason'] = 'no-data';
    while (i < values.length && values[i] === null) {
      const index = i++;
      if (quality[index] === Quality.reset) reason = 'reset';
      else if (
        reason === 'no-data' &&
        columns.some((column) => column.covered[index] === Coverage.implausible)
      ) {
        reason = 'implausible';
      }
    }
    let total: number | null = 0;
    for (const column of columns) {
      const left = column.level[first] ?? Number.NaN;
      const right = column.level[i] ?? Number.NaN;
      if (Number.isNaN(left) || Number.isNaN(right) || column.run[first] !== column.run[i]) total = null;
      else if (total !== null) total += right - left;
    }
    gaps.push({ first, count: i - first, total, reason });
  }
}
