import type { Commodity, Descriptor, EnergyUnit } from '@edmp/interface';
import { DatasetError } from '../errors.ts';
import { intervalRange, isTimeZone, parseDay, STEP_MINUTES } from './calendar.ts';
import { MAX_INTERVALS } from './limits.ts';

/** Units that a commodity can be sold in. */
const UNITS: Readonly<Record<Commodity, readonly EnergyUnit[]>> = {
  electricity: ['uKWh'],
  gas: ['uM3'],
  water: ['uM3'],
  heat: ['uGJ', 'uKWh'],
};
const ATTESTATIONS = ['unsigned', 'intact', 'signed', 'linked', 'anchored'];
const HOUSEHOLDS = ['house', 'office', 'storage', 'factory', 'other'];
const OCCUPANTS = ['1', '2', '3-4', '5+'];
const GEOHASH = /^[0-9bcdefghjkmnpqrstuvwxyz]{1,5}$/;
// Control characters, lone surrogates, line separators and direction overrides.
const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const FIELDS: readonly (keyof Descriptor)[] = [
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
];
/** Fields of a descriptor, for decoders. */
export const DESCRIPTOR_FIELDS: readonly (keyof Descriptor)[] = FIELDS;

function refuse(field: string, message: string): never {
  throw new DatasetError('ERR_DATASET_DESCRIPTOR', message, { details: { field } });
}

function check(ok: boolean, field: string, expected: string): asserts ok {
  if (!ok) refuse(field, `Expected ${field} to be ${expected}`);
}

const isCount = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;

/** Text of `min` to `max` UTF-16 units that shows as what it is. */
const isText = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'string' && value.length >= min && value.length <= max && !CONTROL.test(value);

/** The checks that depend on nothing but the descriptor itself, so that every verifier gets the same answer. */
export function checkDescriptorFields(descriptor: Descriptor): void {
  const d: Readonly<Record<keyof Descriptor, unknown>> = descriptor;
  check(typeof descriptor === 'object' && descriptor !== null, 'descriptor', 'an object');
  const known = new Set<string>(FIELDS);
  for (const field of Object.keys(descriptor)) check(known.has(field), field, 'absent: it is not a field');
  const units =
    typeof d.commodity === 'string' && Object.hasOwn(UNITS, d.commodity)
      ? UNITS[descriptor.commodity]
      : undefined;
  check(units !== undefined, 'commodity', `one of ${Object.keys(UNITS).join(', ')}`);
  check(units.includes(descriptor.unit), 'unit', `${units.join(' or ')} for ${descriptor.commodity}`);
  check(d.flow === 'import' || d.flow === 'export', 'flow', 'import or export');
  check(
    typeof d.step === 'string' && Object.hasOwn(STEP_MINUTES, d.step),
    'step',
    `one of ${Object.keys(STEP_MINUTES).join(', ')}`,
  );
  check(typeof d.zone === 'string' && d.zone.length >= 1 && d.zone.length <= 64, 'zone', 'an IANA time zone');
  const from = typeof d.from === 'string' ? parseDay(d.from) : undefined;
  const to = typeof d.to === 'string' ? parseDay(d.to) : undefined;
  check(from !== undefined, 'from', 'a date YYYY-MM-DD from 1970 to 2199');
  check(to !== undefined, 'to', 'a date YYYY-MM-DD from 1970 to 2199');
  check(from <= to, 'to', 'not before from');
  check(isCount(d.count, 1, MAX_INTERVALS), 'count', `an integer from 1 to ${MAX_INTERVALS}`);
  check(isCount(d.gaps, 0, descriptor.count), 'gaps', `an integer from 0 to count (${descriptor.count})`);
  check(
    d.cell === null || (typeof d.cell === 'string' && GEOHASH.test(d.cell)),
    'cell',
    'null or a geohash of 1 to 5 characters: finer places single out a household',
  );
  check(
    typeof d.attestation === 'string' && ATTESTATIONS.includes(d.attestation),
    'attestation',
    `one of ${ATTESTATIONS.join(', ')}`,
  );
  check(isCount(d.verified, 0, Number.MAX_SAFE_INTEGER), 'verified', 'an integer of at least 0');
  check(d.pseudonym instanceof Uint8Array && d.pseudonym.length === 16, 'pseudonym', '16 bytes');
  check(isText(d.licence, 1, 100), 'licence', 'text of 1 to 100 characters without control characters');
  check(
    d.consent === null || (d.consent instanceof Uint8Array && d.consent.length === 32),
    'consent',
    'null or 32 bytes',
  );
  check(isText(d.title, 0, 200), 'title', 'text of at most 200 characters without control characters');
  checkHousehold(descriptor.household);
  checkPurposes(descriptor.purposes);
}

function checkHousehold(household: unknown): void {
  if (household === null) return;
  check(typeof household === 'object', 'household', 'null or kind and occupants');
  const { kind, occupants, ...rest } = household as Readonly<Record<string, unknown>>;
  check(Object.keys(rest).length === 0, 'household', 'nothing but kind and occupants');
  check(
    typeof kind === 'string' && HOUSEHOLDS.includes(kind),
    'household',
    `of a kind among ${HOUSEHOLDS.join(', ')}`,
  );
  check(
    occupants === null || (typeof occupants === 'string' && OCCUPANTS.includes(occupants)),
    'household',
    `with occupants null or one of ${OCCUPANTS.join(', ')}`,
  );
}

function checkPurposes(purposes: unknown): void {
  check(Array.isArray(purposes) && purposes.length <= 32, 'purposes', 'a list of at most 32 texts');
  const seen = new Set<unknown>();
  for (const purpose of purposes as readonly unknown[]) {
    check(isText(purpose, 1, 64), 'purposes', 'texts of 1 to 64 characters without control characters');
    check(!seen.has(purpose), 'purposes', 'without repetitions');
    seen.add(purpose);
  }
}

/**
 * Checks every bound of a descriptor, and that `count` fits `from`, `to`, `step` and `zone`: whole intervals that
 * start on the first day and end on the last, days having 23, 24 or 25 hours at clock changes (DESIGN §5.1).
 *
 * Throws `ERR_DATASET_DESCRIPTOR`; `details.field` names the field.
 */
export function validateDescriptor(descriptor: Descriptor): void {
  checkDescriptorFields(descriptor);
  check(
    isTimeZone(descriptor.zone),
    'zone',
    'an IANA time zone that this runtime knows, e.g. Europe/Amsterdam',
  );
  const from = parseDay(descriptor.from) ?? 0;
  const to = parseDay(descriptor.to) ?? 0;
  const { min, max } = intervalRange(descriptor.zone, descriptor.step, from, to);
  check(
    descriptor.count >= min && descriptor.count <= max,
    'count',
    `${min === max ? max : `${min} to ${max}`} for ${descriptor.from} to ${descriptor.to} in steps of ${descriptor.step}, got ${descriptor.count}`,
  );
}
