import { type IntervalStep, Quality, type QualityCode } from '@edmp/interface';
import type { MeterReading } from '../reading.ts';
import { nominalStepMs } from '../time/steps.ts';
import { zoneOf } from '../time/zone.ts';
import { Coverage, type CumulativeColumn, readCumulative } from './cumulative.ts';
import { worseQuality } from './quality.ts';
import { cleanRegister, type RegisterNote } from './registers.ts';

/** What flowed through one meter in one interval, or why it is not known. */
export interface Amount {
  readonly value: number | null;
  readonly quality: QualityCode;
  readonly implausible: boolean;
}

/**
 * The registers of one physical meter, read at the bounds of a grid. Tariffs add up; registers of the same tariff tell
 * the same energy (per hour and per day, say), so that one of them counts; a total stands in where the tariffs do not
 * tell.
 */
export interface MeterColumns {
  /** For each way to know the amount, best first, the columns that add up to it. Each summand has alternatives. */
  readonly ways: readonly (readonly (readonly CumulativeColumn[])[])[];
  /** First and last reading, ms since the epoch. */
  readonly begin: number;
  readonly end: number;
  /** Whether the registers moved at all. */
  readonly moves: boolean;
}

/** How registers are read. */
export interface ColumnOptions {
  readonly bounds: Float64Array;
  readonly step: IntervalStep;
  readonly zone: string;
  /** Longest stretch without a reading that a straight line bridges, ms. */
  readonly bridgeMs: number;
  /** Most that may flow in an hour, micro-units. */
  readonly maxPerHour: number;
}

/** The key of the physical meter: its serial, else the channel of an OBIS code (`0-1` and `0-2` are two gas meters). */
function meterKey(reading: MeterReading): string {
  if (reading.serial !== undefined) return `serial ${reading.serial}`;
  const register = reading.register ?? '';
  const colon = register.indexOf(':');
  return colon > 0 && /^\d{1,3}-\d{1,3}$/.test(register.slice(0, colon)) ? register.slice(0, colon) : '';
}

/** Readings of one register of one meter. */
interface RegisterOf {
  readonly meter: string;
  readonly tariff: number | 'total';
  readonly serial: string | undefined;
  readonly register: string | undefined;
  readonly readings: readonly MeterReading[];
}

function splitRegisters(readings: readonly MeterReading[]): RegisterOf[] {
  const [first] = readings;
  if (first === undefined) return [];
  const isAsFirst = ({ tariff, serial, register }: MeterReading): boolean =>
    tariff === first.tariff && serial === first.serial && register === first.register;
  // One register alone needs no copy.
  if (readings.every(isAsFirst)) {
    const { tariff, serial, register } = first;
    return [{ meter: meterKey(first), tariff, serial, register, readings }];
  }
  const registers = new Map<string, RegisterOf & { readonly readings: MeterReading[] }>();
  let last: (RegisterOf & { readonly readings: MeterReading[] }) | undefined;
  for (const reading of readings) {
    const { tariff, serial, register } = reading;
    // Readings come in runs of one register: no key has to be built for most of them.
    if (last?.tariff === tariff && last.serial === serial && last.register === register) {
      last.readings.push(reading);
      continue;
    }
    const meter = meterKey(reading);
    const key = `${meter}|${register ?? ''}|${tariff}`;
    last = registers.get(key);
    if (last === undefined) {
      last = { meter, tariff, serial, register, readings: [reading] };
      registers.set(key, last);
    } else last.readings.push(reading);
  }
  return [...registers.values()];
}

/** The meters behind `readings`, read at the bounds, with what was noticed while cleaning their registers. */
export function meterColumns(
  readings: readonly MeterReading[],
  options: ColumnOptions,
): { readonly meters: readonly MeterColumns[]; readonly notes: readonly RegisterNote[] } {
  const notes: RegisterNote[] = [];
  const byMeter = new Map<string, Map<number | 'total', { column: CumulativeColumn; count: number }[]>>();
  for (const { meter, tariff, readings: own } of splitRegisters(readings)) {
    const clean = cleanRegister(wholeDays(own, options.zone), options.maxPerHour);
    for (const note of clean.notes) notes.push(note);
    const column = readCumulative(clean, options.bounds, options.bridgeMs, nominalStepMs(options.step));
    const tariffs = byMeter.get(meter) ?? new Map();
    byMeter.set(meter, tariffs);
    const alternatives = tariffs.get(tariff) ?? [];
    alternatives.push({ column, count: own.length });
    tariffs.set(tariff, alternatives);
  }
  const meters: MeterColumns[] = [];
  for (const tariffs of byMeter.values()) {
    const ways: (readonly CumulativeColumn[])[][] = [[], []];
    let begin = Number.POSITIVE_INFINITY;
    let end = Number.NEGATIVE_INFINITY;
    let moves = false;
    for (const [tariff, alternatives] of tariffs) {
      // The register that is read most often tells most.
      alternatives.sort((a, b) => b.count - a.count);
      ways[tariff === 'total' ? 1 : 0]?.push(alternatives.map(({ column }) => column));
      for (const { column } of alternatives) {
        begin = Math.min(begin, column.begin);
        end = Math.max(end, column.end);
        moves ||= column.moves;
      }
    }
    meters.push({ ways: ways.filter((way) => way.length > 0), begin, end, moves });
  }
  return { meters, notes };
}

/**
 * A counter made of days of 86 400 s ends its days at local midnight: a day that began there and has as many seconds as
 * no day of a clock change has was written so for want of a better length.
 */
function wholeDays(readings: readonly MeterReading[], zone: string): readonly MeterReading[] {
  const DAY = 86_400_000;
  const [first] = readings;
  if (first?.interval === undefined || first.interval % DAY !== 0) return readings;
  const calendar = zoneOf(zone);
  return readings.map((reading) => {
    const { interval, at } = reading;
    if (interval === undefined || interval % DAY !== 0) return reading;
    const begin = at - interval;
    if (calendar.startOfDay(begin) !== begin) return reading;
    const midnight = calendar.startOfDay(at + DAY / 2);
    return midnight !== at && Math.abs(midnight - at) <= 3_600_000 ? { ...reading, at: midnight } : reading;
  });
}

/** What flowed through a meter in interval `i`. */
export function amountOf(meter: MeterColumns, i: number): Amount {
  return firstKnown(meter, i, i + 1, true);
}

/** What flowed through a meter between two bounds that readings of one run tell, however long the stretch between. */
export function levelsApart(meter: MeterColumns, first: number, last: number): Amount {
  return firstKnown(meter, first, last, false);
}

function firstKnown(meter: MeterColumns, first: number, last: number, mustCover: boolean): Amount {
  let missing: Amount | undefined;
  for (const way of meter.ways) {
    const amount = sumOf(way, first, last, mustCover);
    if (amount.value !== null) return amount;
    missing ??= amount;
  }
  return missing ?? { value: null, quality: Quality.missing, implausible: false };
}

function sumOf(
  way: readonly (readonly CumulativeColumn[])[],
  first: number,
  last: number,
  mustCover: boolean,
): Amount {
  let sum = 0;
  let quality: QualityCode = Quality.measured;
  let isKnown = true;
  let isReset = false;
  let implausible = false;
  for (const alternatives of way) {
    let isFound = false;
    for (const column of alternatives) {
      const left = column.level[first] ?? Number.NaN;
      const right = column.level[last] ?? Number.NaN;
      const isCovered = !mustCover || column.covered[first] === Coverage.full;
      if (Number.isNaN(left) || Number.isNaN(right) || !isCovered || column.run[first] !== column.run[last]) {
        isReset ||= column.covered[first] === Coverage.reset;
        implausible ||= column.covered[first] === Coverage.implausible;
        continue;
      }
      sum += right - left;
      quality = worseQuality(quality, column.quality[first] as QualityCode);
      isFound = true;
      break;
    }
    isKnown &&= isFound;
  }
  if (isKnown) return { value: sum, quality, implausible: false };
  return { value: null, quality: isReset ? Quality.reset : Quality.missing, implausible };
}

/**
 * The meters that an interval's amount is the sum of. Of meters that follow each other (a replacement) each counts in
 * its own time. Of meters that were read side by side every one that ever moved is needed, so that the sum is not known
 * where one of them is absent.
 */
export function neededMeters(
  meters: readonly MeterColumns[],
  from: number,
  to: number,
): readonly MeterColumns[] {
  if (meters.length === 1) return meters;
  const present = meters.filter((meter) => meter.begin < to && meter.end > from);
  if (present.length === 0) return meters;
  if (present.length === meters.length) return present;
  const absent = meters.filter(
    (meter) =>
      meter.moves &&
      !present.includes(meter) &&
      present.some((other) => other.begin < meter.end && meter.begin < other.end),
  );
  return absent.length === 0 ? present : [...present, ...absent];
}
