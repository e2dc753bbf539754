import {
  type AttestationLevel,
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
import { zoneOf } from '../time/zone.ts';
import { lowestTrust, verifiedRecords } from './attestation.ts';
import { amountOf, levelsApart, type MeterColumns, meterColumns, neededMeters } from './meter-columns.ts';
import { worseQuality } from './quality.ts';
import type { RegisterNote } from './registers.ts';

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
 * Each interval is the difference of the registers at its two bounds, tariffs of one meter summed as integers (a `total`
 * register counts only where the tariffs do not tell). Meters (serials) that were read side by side add up; nothing is
 * ever subtracted across two of them. Bounds between readings are read off the straight line; a stretch longer
 * than `bridge` steps gives null intervals whose total is kept in `report.gaps`, so sums still close. Nothing is ever
 * subtracted across a reset or an impossible jump. Throws `ERR_METER_RANGE` when no reading fits or the period is
 * empty, `ERR_METER_TIME` for an unknown zone.
 *
 * @param readings - Cumulative readings; those of another commodity or direction are skipped, the others must have
 *   one unit.
 */
export function intervalSeries(
  readings: readonly MeterReading[],
  options: IntervalSeriesOptions,
): MeasuredSeries {
  const { commodity, flow, step, zone } = options;
  const isWanted = (reading: MeterReading): boolean =>
    reading.commodity === commodity && reading.flow === flow;
  // Most callers give what they want, which needs no copy.
  const wanted = readings.every(isWanted) ? readings : readings.filter(isWanted);
  const unit = wanted[0]?.unit ?? UNITS_OF_COMMODITY[commodity][0];
  if (!wanted.every((reading) => reading.unit === unit)) {
    throw new MeterError('ERR_METER_RANGE', `The ${commodity} readings mix units; convert them to one first`);
  }
  const bounds = boundsBetween(options.from, options.to, step, zone);
  steadyClock(bounds, step, zone);
  const count = bounds.length - 1;
  const { meters, notes: registerNotes } = meterColumns(wanted, {
    bounds,
    step,
    zone,
    bridgeMs: (options.bridge ?? 2) * nominalStepMs(step),
    maxPerHour: options.maxPerHour ?? DEFAULT_MAX_PER_HOUR[commodity],
  });
  const values = new Array<number | null>(count).fill(null);
  const quality = new Uint8Array(count).fill(Quality.missing);
  const implausible = new Set<number>();
  if (meters.length > 0) {
    for (let i = 0; i < count; i++) {
      let sum: number | null = 0;
      let code: QualityCode = Quality.measured;
      for (const meter of neededMeters(meters, bounds[i] ?? 0, bounds[i + 1] ?? 0)) {
        const amount = amountOf(meter, i);
        if (amount.implausible) implausible.add(i);
        if (amount.value === null || sum === null) {
          sum = null;
          if (amount.value === null && code !== Quality.reset) code = amount.quality;
        } else {
          sum += amount.value;
          code = worseQuality(code, amount.quality);
        }
      }
      values[i] = sum;
      quality[i] = code;
    }
  }
  const gaps = meters.length === 0 ? [] : collectGaps(values, quality, implausible, meters, bounds);
  const notes = [...registerNotes, ...totalMismatches(wanted)];
  const trust = trustBehind(wanted, bounds);
  const verified = trust === 'unsigned' ? 0 : verifiedRecords(wanted, options.from, options.to);
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
    verified,
    report: {
      intervals: count,
      missing: values.reduce<number>((missing, value) => missing + (value === null ? 1 : 0), 0),
      interpolated: quality.reduce((sum, code) => sum + (code === Quality.interpolated ? 1 : 0), 0),
      gaps,
      notes,
    },
  };
}

/**
 * Lowest level of the readings that the values rest on: those between the outer bounds, and the ones around that close
 * the ends.
 */
function trustBehind(readings: readonly MeterReading[], bounds: Float64Array): AttestationLevel {
  const start = bounds[0] ?? Number.NaN;
  const end = bounds[bounds.length - 1] ?? Number.NaN;
  let first = Number.NEGATIVE_INFINITY;
  let last = Number.POSITIVE_INFINITY;
  for (const { at } of readings) {
    if (at <= start && at > first) first = at;
    if (at >= end && at < last) last = at;
  }
  return lowestTrust(readings, first, last);
}

/** Moments where a `total` register differs by more than 1 Wh (or 1 L) from the sum of the tariffs. */
function totalMismatches(readings: readonly MeterReading[]): RegisterNote[] {
  if (readings.every((reading) => reading.tariff !== 'total')) return [];
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
  implausible: ReadonlySet<number>,
  meters: readonly MeterColumns[],
  bounds: Float64Array,
): SeriesGap[] {
  const gaps: SeriesGap[] = [];
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
      else if (reason === 'no-data' && implausible.has(index)) reason = 'implausible';
    }
    let total: number | null = 0;
    for (const meter of neededMeters(meters, bounds[first] ?? 0, bounds[i] ?? 0)) {
      const { value } = levelsApart(meter, first, i);
      total = value === null || total === null ? null : total + value;
    }
    gaps.push({ first, count: i - first, total, reason });
  }
  return gaps;
}

/**
 * Refuses steps that the clock's change does not consist of: on Lord Howe Island it is half an hour, after which whole
 * hours counted from midnight would begin at half past.
 */
function steadyClock(bounds: Float64Array, step: IntervalStep, zone: string): void {
  const length = nominalStepMs(step);
  // Changes of the clock are half an hour or whole hours, so that finer steps always fit.
  if (step === 'P1D' || length <= 1_800_000 || bounds.length < 2) return;
  const calendar = zoneOf(zone);
  const offset = calendar.offsetAt(bounds[0] ?? 0);
  const end = bounds[bounds.length - 1] ?? 0;
  for (let at = bounds[0] ?? 0; at < end; at = Math.min(end, at + 7 * 86_400_000)) {
    if ((calendar.offsetAt(Math.min(end, at + 7 * 86_400_000)) - offset) % length !== 0) {
      throw new MeterError(
        'ERR_METER_RANGE',
        `The clock of ${zone} changes by less than ${step} in this period; take PT30M, P1D or a period without the change`,
      );
    }
  }
}
