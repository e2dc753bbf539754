import { type Descriptor, isEdmpError } from '@edmp/interface';
import { validateDescriptor } from '@edmp/interface/dataset';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descriptorOf } from './support/fixtures.ts';

const accepted = (changes: Partial<Descriptor>): void => validateDescriptor(descriptorOf(changes));
const refused = (changes: object, field: string): void => {
  expect(
    () => validateDescriptor(descriptorOf(changes as Partial<Descriptor>)),
    JSON.stringify(changes),
  ).toThrow(expect.objectContaining({ code: 'ERR_DATASET_DESCRIPTOR', details: { field } }));
};

describe('validateDescriptor', () => {
  it('counts 23, 24 and 25 hours of Amsterdam days', () => {
    const day = (from: string, count: number): Partial<Descriptor> => ({ from, to: from, count });
    accepted(day('2026-01-01', 96));
    refused(day('2026-01-01', 97), 'count');
    accepted(day('2026-03-29', 92));
    refused(day('2026-03-29', 93), 'count');
    accepted(day('2026-10-25', 100));
    refused(day('2026-10-25', 101), 'count');
    accepted({ ...day('2026-10-25', 25), step: 'PT1H' });
    refused({ ...day('2026-10-25', 26), step: 'PT1H' }, 'count');
  });

  it('lets a series begin late on its first day and end early on its last', () => {
    const three = { from: '2026-01-01', to: '2026-01-03' };
    accepted({ ...three, count: 288 });
    accepted({ ...three, count: 98 }); // last quarter of day 1, all of day 2, first quarter of day 3
    refused({ ...three, count: 97 }, 'count');
    refused({ ...three, count: 289 }, 'count');
    accepted({ count: 1 });
  });

  it('counts calendar days exactly', () => {
    const year = { step: 'P1D' as const, from: '2028-01-01', to: '2028-12-31' };
    accepted({ ...year, count: 366 });
    refused({ ...year, count: 365 }, 'count');
  });

  it('knows days that lose their midnight, whole days that were skipped, and far offsets', () => {
    // Santiago springs forward at 24:00, so 2026-09-06 begins at 01:00.
    accepted({ zone: 'America/Santiago', from: '2026-09-06', to: '2026-09-06', count: 23, step: 'PT1H' });
    refused(
      { zone: 'America/Santiago', from: '2026-09-06', to: '2026-09-06', count: 24, step: 'PT1H' },
      'count',
    );
    // Samoa went from 29 to 31 December 2011.
    accepted({ zone: 'Pacific/Apia', from: '2011-12-29', to: '2011-12-31', count: 48, step: 'PT1H' });
    refused({ zone: 'Pacific/Apia', from: '2011-12-29', to: '2011-12-31', count: 49, step: 'PT1H' }, 'count');
    accepted({ zone: 'Pacific/Kiritimati', count: 96 });
    accepted({ zone: 'Asia/Kathmandu', count: 96 });
  });

  it.each<[string, object]>([
    ['commodity', { commodity: 'oil' }],
    ['commodity', { commodity: 'toString' }],
    ['flow', { flow: 'both' }],
    ['unit', { unit: 'uM3' }],
    ['unit', { commodity: 'gas', unit: 'uKWh' }],
    ['step', { step: 'PT10M' }],
    ['zone', { zone: 'Europe/Atlantis' }],
    ['zone', { zone: '+01:00' }],
    ['zone', { zone: '' }],
    ['from', { from: '2026-02-30' }],
    ['from', { from: '2026-1-1' }],
    ['from', { from: '1969-12-31' }],
    ['to', { to: '2025-12-31' }],
    ['to', { to: 20260101 }],
    ['count', { count: 0 }],
    ['count', { count: 1.5 }],
    ['count', { count: 2 ** 40 }],
    ['gaps', { gaps: 97 }],
    ['gaps', { gaps: -1 }],
    ['cell', { cell: 'u173zq' }],
    ['cell', { cell: 'abc' }],
    ['cell', { cell: '' }],
    ['household', { household: { kind: 'castle', occupants: null } }],
    ['household', { household: { kind: 'house', occupants: '7' } }],
    ['household', { household: { kind: 'house', occupants: null, name: 'Jansen' } }],
    ['household', { household: 'house' }],
    ['attestation', { attestation: 'trusted' }],
    ['verified', { verified: -1 }],
    ['pseudonym', { pseudonym: new Uint8Array(15) }],
    ['licence', { licence: '' }],
    ['licence', { licence: 'a\tb' }],
    ['purposes', { purposes: ['research', 'research'] }],
    ['purposes', { purposes: [''] }],
    ['purposes', { purposes: Array.from({ length: 33 }, (_, i) => `p${i}`) }],
    ['purposes', { purposes: 'research' }],
    ['consent', { consent: new Uint8Array(31) }],
    ['title', { title: 'x'.repeat(201) }],
    ['title', { title: 'two\nlines' }],
    ['title', { title: 'turned \u202e round' }],
    ['title', { title: 'half \ud800 pair' }],
    ['descriptor', { meterId: 'E0001' }],
  ])('refuses a bad %s', (field, changes) => {
    refused(changes, field);
  });

  it('answers any object with a typed error, never a crash', () => {
    const keys = Object.keys(descriptorOf());
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.anything(), (key, value) => {
        try {
          validateDescriptor({ ...descriptorOf(), [key]: value } as Descriptor);
        } catch (error) {
          expect(isEdmpError(error, 'ERR_DATASET_DESCRIPTOR'), String(error)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
