import { type Consumption, type Descriptor, seededRandom } from '@edmp/interface';

const random = seededRandom(2026);
const values = Array.from({ length: 96 }, () => 50_000 + random.below(200_000));

/** What may be public of one made-up day of quarter-hour electricity. */
export const descriptor: Descriptor = {
  commodity: 'electricity',
  flow: 'import',
  unit: 'uKWh',
  step: 'PT15M',
  zone: 'Europe/Amsterdam',
  from: '2026-01-15',
  to: '2026-01-15',
  count: values.length,
  gaps: 0,
  cell: 'u173',
  household: { kind: 'house', occupants: '3-4' },
  attestation: 'unsigned',
  verified: 0,
  pseudonym: random.bytes(16),
  licence: 'EDMP-personal-1',
  purposes: ['research'],
  consent: null,
  title: 'A winter day',
};

/** What is sold of it. */
export const consumption: Consumption = { values, quality: new Uint8Array(values.length), offsetMinutes: 0 };
