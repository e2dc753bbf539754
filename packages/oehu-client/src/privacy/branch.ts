import {
  type Consumption,
  type Descriptor,
  type IntervalSeries,
  type IntervalStep,
  InvalidArgumentError,
  type MeterDevice,
  Quality,
} from '@edmp/interface';
import { areGapsTold, toldGaps } from '@edmp/interface/dataset';
import { MeterError } from '../errors.ts';
import { seriesEnd } from '../series/bounds.ts';
import { intervalBounds } from '../time/steps.ts';
import { zoneOf } from '../time/zone.ts';
import { coarseCell } from './cell.ts';
import type { Point } from './geohash.ts';
import { householdClass } from './household.ts';
import { listingPseudonym } from './pseudonym.ts';
import { checkPublicTexts } from './screen-text.ts';
import { wholeDays } from './whole-days.ts';

/** Step that a listing has unless its owner chooses a finer one: days say little about habits (DESIGN §6). */
export const DEFAULT_LISTING_STEP: IntervalStep = 'P1D';

/** What an owner decides about a listing. */
export interface BranchOptions {
  /** Accuracy in metres at which the place may be published; 50 km or more publishes none. Street 200, town 3000, region 28000. */
  readonly accuracy: number;
  /** Exact place, used only to find the coarse cell; null = none. */
  readonly location: Point | null;
  /** How many others sell within a cell, for the k-rule of {@link coarseCell}; without it the rule is not applied. */
  readonly othersIn?: (cell: string) => number;
  /** Household to publish as a class, or null to withhold it. */
  readonly household: MeterDevice['household'];
  /** Owner's secret for pseudonyms, at least 16 random bytes, the same for all listings. */
  readonly pseudonymKey: Uint8Array;
  /** Text that is different for every listing. */
  readonly listing: string;
  /** Device id, mixed into the pseudonym; stays home, and no public text may name it or a part of it between slashes. Default empty. */
  readonly device?: string;
  readonly licence: string;
  readonly purposes: readonly string[];
  /** Text for people, at most 200 characters. */
  readonly title: string;
  /** Publish title, purposes and licence also where they seem to name a person, a meter or a place. Default false. */
  readonly allowPersonalText?: boolean;
  /** Digest of the consent receipt, 32 bytes, or null. */
  readonly consent: Uint8Array | null;
}

/** The two parts of a series. */
export interface Branches {
  readonly descriptor: Descriptor;
  readonly consumption: Consumption;
}

const MAX_TITLE = 200;

/**
 * Data branching (the seed report's Figure 11, DESIGN §5.1): splits a series into what anyone may see and what only a
 * buyer gets. The private part has values only; the public part has no device, key, exact place or register. Days at
 * either end that are not whole are left out ({@link wholeDays}), and gaps are told in twentieths (`toldGaps`). Throws
 * `ERR_INVALID_ARGUMENT` for an unusable option, `ERR_METER_RANGE` for a series without a whole day, and
 * `ERR_PRIVACY_TEXT` when a text names somebody.
 */
export function branch(whole: IntervalSeries, options: BranchOptions): Branches {
  const series = wholeDays(whole);
  if (series.values.length === 0) {
    throw new MeterError('ERR_METER_RANGE', 'Without one whole local day a series cannot be listed');
  }
  if ([...options.title].length > MAX_TITLE) {
    throw new InvalidArgumentError(
      `A title has at most ${MAX_TITLE} characters, got ${[...options.title].length}`,
    );
  }
  if (options.allowPersonalText !== true) {
    const { title, purposes, licence, device } = options;
    checkPublicTexts({ title, purposes, licence }, device === undefined ? [] : device.split('/'));
  }
  if (options.consent !== null && options.consent.length !== 32) {
    throw new InvalidArgumentError(`A consent digest has 32 bytes, got ${options.consent.length}`);
  }
  const zone = zoneOf(series.zone);
  const offset = series.start - zone.startOfDay(series.start);
  if (offset % 60_000 !== 0) {
    throw new MeterError('ERR_METER_RANGE', 'A listed series starts at a full minute');
  }
  const descriptor: Descriptor = {
    commodity: series.commodity,
    flow: series.flow,
    unit: series.unit,
    step: series.step,
    zone: series.zone,
    from: zone.dateOf(series.start),
    to: zone.dateOf(seriesEnd(series) - 1),
    count: series.values.length,
    gaps: toldGaps(
      series.values.length,
      series.values.reduce<number>((gaps, value) => gaps + (value === null ? 1 : 0), 0),
    ),
    cell: coarseCell(
      options.location,
      options.accuracy,
      options.othersIn === undefined ? {} : { othersIn: options.othersIn },
    ),
    household: householdClass(options.household),
    attestation: series.trust,
    verified: series.verified,
    pseudonym: listingPseudonym(options.pseudonymKey, options.device ?? '', options.listing),
    licence: options.licence,
    purposes: [...options.purposes],
    consent: options.consent === null ? null : options.consent.slice(),
    title: options.title,
  };
  const consumption: Consumption = {
    values: [...series.values],
    quality: series.quality.slice(),
    offsetMinutes: offset / 60_000,
  };
  return { descriptor, consumption };
}

/**
 * The series that a buyer has after opening a dataset: the way back from {@link branch}. Throws `ERR_METER_RANGE` when
 * the two parts do not fit each other: a count, a day or a quality that the other part contradicts.
 */
export function seriesOf(descriptor: Descriptor, consumption: Consumption): IntervalSeries {
  const zone = zoneOf(descriptor.zone);
  const { values, quality, offsetMinutes } = consumption;
  const mismatch = (what: string): MeterError =>
    new MeterError('ERR_METER_RANGE', `The consumption does not fit its descriptor: ${what}`);
  if (values.length !== descriptor.count || quality.length !== descriptor.count) {
    throw mismatch(
      `${descriptor.count} intervals promised, ${values.length} values and ${quality.length} qualities came`,
    );
  }
  if (!Number.isInteger(offsetMinutes) || offsetMinutes < 0 || offsetMinutes >= 1500) {
    throw mismatch(`an offset of ${offsetMinutes} minutes into the day`);
  }
  let gaps = 0;
  for (const [i, value] of values.entries()) {
    if (value === null) gaps++;
    else if (!Number.isSafeInteger(value)) throw mismatch(`value ${i} is no integer`);
    if ((quality[i] ?? 255) > Quality.missing) throw mismatch(`unknown quality code at ${i}`);
  }
  if (!areGapsTold(descriptor.count, descriptor.gaps, gaps))
    throw mismatch(`${descriptor.gaps} gaps promised, ${gaps} came`);
  const start = zone.midnight(descriptor.from) + offsetMinutes * 60_000;
  const bounds = intervalBounds(start, descriptor.step, descriptor.zone, descriptor.count);
  const end = (bounds[bounds.length - 1] ?? start) - 1;
  if (
    zone.dateOf(start) !== descriptor.from ||
    (descriptor.count > 0 && zone.dateOf(end) !== descriptor.to)
  ) {
    throw mismatch(`the intervals do not reach from ${descriptor.from} to ${descriptor.to}`);
  }
  return {
    commodity: descriptor.commodity,
    flow: descriptor.flow,
    unit: descriptor.unit,
    start,
    step: descriptor.step,
    zone: descriptor.zone,
    values: [...values],
    quality: quality.slice(),
    trust: descriptor.attestation,
    verified: descriptor.verified,
  };
}
