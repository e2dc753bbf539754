import type { FieldFailureOptions } from '../format/failure.ts';
import { type FieldReaders, fieldReaders } from '../format/fields.ts';
import { intervalRange, intervalRangeAnywhere, isTimeZone, isTimeZoneName, parseDay } from './calendar.ts';
import { DatasetError } from './errors.ts';
import { MAX_INTERVALS } from './limits.ts';
import {
  ATTESTATION_LEVELS,
  type AttestationLevel,
  COMMODITIES,
  type Commodity,
  ENERGY_UNITS,
  type EnergyUnit,
  FLOWS,
  type Flow,
  HOUSEHOLD_KINDS,
  type HouseholdKind,
  INTERVAL_STEPS,
  type IntervalStep,
  OCCUPANT_BUCKETS,
  type OccupantBucket,
  UNITS_OF_COMMODITY,
} from './vocabulary.ts';

/** The public part of a series: what a buyer may know before paying (DESIGN §5.1). */
export interface Descriptor {
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly unit: EnergyUnit;
  readonly step: IntervalStep;
  /** IANA time zone, e.g. `Europe/Amsterdam`. */
  readonly zone: string;
  /** First local day covered, `YYYY-MM-DD`. */
  readonly from: string;
  /** Last local day covered, inclusive, `YYYY-MM-DD`. */
  readonly to: string;
  /** Number of intervals, gaps included. */
  readonly count: number;
  /** Number of intervals without data, rounded up to twentieths of `count` (`toldGaps`). */
  readonly gaps: number;
  /** Coarse place as a geohash of at most 5 characters; null = withheld. */
  readonly cell: string | null;
  /** Household class and occupants bucket; null = withheld. */
  readonly household: {
    readonly kind: HouseholdKind;
    readonly occupants: OccupantBucket | null;
  } | null;
  /** Lowest attestation level of the readings behind the series, as checked by the seller. */
  readonly attestation: AttestationLevel;
  /** Number of readings that reached that level. */
  readonly verified: number;
  /** Per-listing pseudonym of the meter: 16 bytes that say nothing across listings. */
  readonly pseudonym: Uint8Array;
  /** Licence identifier, e.g. `EDMP-personal-1`; 1 to 100 displayable characters. */
  readonly licence: string;
  /** Purposes the owner consented to, e.g. `research`; at most 32, each of 1 to 64 displayable characters. */
  readonly purposes: readonly string[];
  /** SHA-256 of the salted consent receipt; null = none given. */
  readonly consent: Uint8Array | null;
  /** Free text for people and search, at most 200 displayable characters. */
  readonly title: string;
}

const FIELDS = [
  'commodity',
  'flow',
  'unit',
  'step',
  'zone',
  'from',
  'to',
  'count',
  'gaps',
  'cell',
  'household',
  'attestation',
  'verified',
  'pseudonym',
  'licence',
  'purposes',
  'consent',
  'title',
] as const satisfies readonly (keyof Descriptor)[];

const GEOHASH = /^[0-9bcdefghjkmnpqrstuvwxyz]{1,5}$/;

const refusal = (message: string, { where, cause }: FieldFailureOptions): DatasetError =>
  new DatasetError('ERR_DATASET_DESCRIPTOR', `Bad descriptor: ${message}`, {
    cause,
    details: { field: where },
  });
const read: FieldReaders = fieldReaders(refusal);

function check(ok: boolean, where: string, expected: string): asserts ok {
  if (!ok) throw refusal(`${where}: expected ${expected}`, { where });
}

function unitOf(value: unknown, commodity: Commodity): EnergyUnit {
  const unit = read.oneOf(value, ENERGY_UNITS, 'unit');
  const units = UNITS_OF_COMMODITY[commodity];
  check(units.includes(unit), 'unit', `${units.join(' or ')} for ${commodity}`);
  return unit;
}

function zoneOf(value: unknown): string {
  const zone = read.textOf(value, 64, 'zone');
  check(isTimeZoneName(zone), 'zone', 'the name of an IANA time zone, e.g. Europe/Amsterdam');
  return zone;
}

/** A day and its number. */
function dayOf(value: unknown, where: string): { readonly text: string; readonly day: number } {
  const text = read.textOf(value, 10, where);
  const day = parseDay(text);
  check(day !== undefined, where, 'a day YYYY-MM-DD that exists, from 1970 to 2199');
  return { text, day };
}

function cellOf(value: unknown): string | null {
  if (value === null) return null;
  const cell = read.textOf(value, 5, 'cell');
  check(
    GEOHASH.test(cell),
    'cell',
    'null or a geohash of 1 to 5 characters: finer places single out a household',
  );
  return cell;
}

function householdOf(value: unknown): Descriptor['household'] {
  if (value === null) return null;
  const { kind, occupants } = read.mapOf(value, ['kind', 'occupants'], 'household');
  return {
    kind: read.oneOf(kind, HOUSEHOLD_KINDS, 'household'),
    occupants: occupants === null ? null : read.oneOf(occupants, OCCUPANT_BUCKETS, 'household'),
  };
}

function purposesOf(value: unknown): readonly string[] {
  const purposes = read.listOf(value, 32, 'purposes').map((item) => read.lineOf(item, 64, 'purposes', 1));
  check(new Set(purposes).size === purposes.length, 'purposes', 'each purpose once');
  return purposes;
}

const exactly = (min: number, max: number): string => (min === max ? `${max}` : `${min} to ${max}`);

/**
 * A descriptor out of a decoded value: every field and every bound checked, nothing taken that is not a field. Looks at
 * nothing but the value, so that every verifier gets the same answer: neither at what time zones the runtime knows nor
 * at when their clocks change, only at what holds in all of them (see {@link validateDescriptor}).
 *
 * Throws `ERR_DATASET_DESCRIPTOR`; `details.field` names the field.
 *
 * @param value - What a decoder made of a stranger's bytes; anything may be given.
 */
export function descriptorOf(value: unknown): Descriptor {
  const fields = read.mapOf(value, FIELDS, 'descriptor');
  const commodity = read.oneOf(fields.commodity, COMMODITIES, 'commodity');
  const step = read.oneOf(fields.step, INTERVAL_STEPS, 'step');
  const from = dayOf(fields.from, 'from');
  const to = dayOf(fields.to, 'to');
  check(from.day <= to.day, 'to', 'a day that is not before `from`');
  const count = read.integerOf(fields.count, 1, MAX_INTERVALS, 'count');
  const { min, max } = intervalRangeAnywhere(step, from.day, to.day);
  check(
    count >= min && count <= max,
    'count',
    `${exactly(min, max)} intervals of ${step} from ${from.text} to ${to.text}`,
  );
  return {
    commodity,
    flow: read.oneOf(fields.flow, FLOWS, 'flow'),
    unit: unitOf(fields.unit, commodity),
    step,
    zone: zoneOf(fields.zone),
    from: from.text,
    to: to.text,
    count,
    gaps: read.integerOf(fields.gaps, 0, count, 'gaps'),
    cell: cellOf(fields.cell),
    household: householdOf(fields.household),
    attestation: read.oneOf(fields.attestation, ATTESTATION_LEVELS, 'attestation'),
    verified: read.integerOf(fields.verified, 0, Number.MAX_SAFE_INTEGER, 'verified'),
    pseudonym: read.bytesOf(fields.pseudonym, 16, 'pseudonym'),
    licence: read.lineOf(fields.licence, 100, 'licence', 1),
    purposes: purposesOf(fields.purposes),
    consent: fields.consent === null ? null : read.bytesOf(fields.consent, 32, 'consent'),
    title: read.lineOf(fields.title, 200, 'title'),
  };
}

/**
 * Checks a descriptor before something is offered under it: what {@link descriptorOf} checks, that this runtime knows
 * the time zone, and that `count` fits its calendar: whole intervals that start on the first day and end on the last,
 * days having 23, 24 or 25 hours at clock changes (DESIGN §5.1).
 *
 * Throws `ERR_DATASET_DESCRIPTOR`; `details.field` names the field.
 */
export function validateDescriptor(descriptor: Descriptor): void {
  const { zone, step, count, from, to } = descriptorOf(descriptor);
  check(isTimeZone(zone), 'zone', 'an IANA time zone that this runtime knows, e.g. Europe/Amsterdam');
  const { min, max } = intervalRange(zone, step, parseDay(from) ?? 0, parseDay(to) ?? 0);
  check(
    count >= min && count <= max,
    'count',
    `${exactly(min, max)} for ${from} to ${to} in steps of ${step}, got ${count}`,
  );
}
