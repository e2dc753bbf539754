import { type DatasetDocument, type Descriptor, isEdmpError } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import {
  ATTESTATION_LEVELS,
  assetIdOf,
  assetIdOfBytes,
  COMMODITIES,
  chunkCountOf,
  datasetDocumentOf,
  decodeDatasetDocument,
  encodeDatasetDocument,
  FLOWS,
  HOUSEHOLD_KINDS,
  INTERVAL_STEPS,
  intervalRange,
  isAssetId,
  OCCUPANT_BUCKETS,
  parseAssetId,
  parseDay,
  QUALITY_NAMES,
  Quality,
  UNITS_OF_COMMODITY,
  validateDescriptor,
} from '@edmp/interface/dataset';
import { displayable } from '@edmp/interface/format';
import { encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { intervalRangeAnywhere } from '../src/dataset/calendar.ts';
import { codeOf } from './support/errors.ts';

const crypto = nodeCrypto({ threads: false });
const descriptor: Descriptor = {
  commodity: 'electricity',
  flow: 'import',
  unit: 'uKWh',
  step: 'PT15M',
  zone: 'Europe/Amsterdam',
  from: '2026-03-04',
  to: '2026-03-04',
  count: 96,
  gaps: 0,
  cell: 'u15p',
  household: { kind: 'house', occupants: '3-4' },
  attestation: 'linked',
  verified: 96,
  pseudonym: new Uint8Array(16).fill(1),
  licence: 'EDMP-personal-1',
  purposes: ['research'],
  consent: null,
  title: 'One day',
};
const documentWith = (changes: object = {}, top: object = {}): DatasetDocument =>
  ({
    v: 1,
    descriptor: { ...descriptor, ...changes },
    dataRoot: new Uint8Array(32).fill(2),
    chunks: 1,
    ...top,
  }) as never;
const bytes = encodeDatasetDocument(documentWith());

const line = (min: number, max: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'grapheme', maxLength: max })
    .map((text) => displayable(text, max))
    .filter((text) => text.length >= min);
/** Valid documents of every kind. */
const documents: fc.Arbitrary<DatasetDocument> = fc
  .record({
    commodity: fc.constantFrom(...COMMODITIES),
    flow: fc.constantFrom(...FLOWS),
    step: fc.constantFrom(...INTERVAL_STEPS),
    zone: fc.constantFrom('Europe/Amsterdam', 'UTC', 'America/Argentina/Ushuaia', 'Etc/GMT+5'),
    from: fc.integer({ min: 0, max: 80_000 }),
    days: fc.integer({ min: 1, max: 400 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    gaps: fc.nat(),
    cell: fc.option(fc.stringMatching(/^[0-9b-hjkmnp-z]{1,5}$/)),
    kind: fc.option(fc.constantFrom(...HOUSEHOLD_KINDS)),
    occupants: fc.option(fc.constantFrom(...OCCUPANT_BUCKETS)),
    attestation: fc.constantFrom(...ATTESTATION_LEVELS),
    verified: fc.maxSafeNat(),
    pseudonym: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    licence: line(1, 100),
    purposes: fc.uniqueArray(line(1, 64), { maxLength: 5 }),
    consent: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 })),
    title: line(0, 200),
    dataRoot: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    unit: fc.nat(),
  })
  .map(({ from, days, share, gaps, kind, occupants, dataRoot, unit, ...fields }) => {
    const to = Math.min(from + days - 1, 83_000);
    const { min, max } = intervalRangeAnywhere(fields.step, from, to);
    const count = min + Math.floor(share * (max - min));
    const dayText = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);
    const units = UNITS_OF_COMMODITY[fields.commodity];
    return {
      v: 1,
      descriptor: {
        ...fields,
        unit: units[unit % units.length] ?? units[0],
        from: dayText(from),
        to: dayText(to),
        count,
        gaps: gaps % (count + 1),
        household: kind === null ? null : { kind, occupants },
      },
      dataRoot,
      chunks: chunkCountOf({ step: fields.step, count }),
    };
  });

describe('dataset documents', () => {
  it('keep every field through their one encoding, which names the asset', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const encoded = encodeDatasetDocument(document);
        const decoded = decodeDatasetDocument(encoded);
        expect(decoded).toEqual(document);
        expect(encodeDatasetDocument(decoded)).toEqual(encoded);
        const asset = assetIdOf(document, crypto);
        expect(asset).toBe(assetIdOfBytes(encoded, crypto));
        expect(parseAssetId(asset)?.multihash.digest).toEqual(crypto.sha256(encoded));
        expect(isAssetId(asset)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused with a typed error after any change, unless it is another valid document', () => {
    let changed = 0;
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const mutated = bytes.slice();
        mutated[place % bytes.length] = (mutated[place % bytes.length] ?? 0) ^ mask;
        try {
          expect(encodeDatasetDocument(decodeDatasetDocument(mutated))).toEqual(mutated);
          changed += 1;
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          expect(error.code).toMatch(/^ERR_DATASET_(FORMAT|DESCRIPTOR)$/);
        }
      }),
      { numRuns: 10_000 },
    );
    expect(changed).toBeGreaterThan(100);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (some) => {
        expect(codeOf(() => decodeDatasetDocument(some))).toBe('ERR_DATASET_FORMAT');
      }),
      { numRuns: 2_000 },
    );
  });

  /** What two codecs that had drifted judged differently, and what both judged alike. */
  it.each<[string, object, object, string | null]>([
    ['a plain one', {}, {}, null],
    ['a direction override in the title', { title: 'cheap \u202egnirts' }, {}, 'title'],
    ['control characters in the title', { title: 'a\u0000b\nc' }, {}, 'title'],
    ['a lone surrogate in the title', { title: '\ud800' }, {}, 'title'],
    ['an empty licence', { licence: '' }, {}, 'licence'],
    ['an empty zone', { zone: '' }, {}, 'zone'],
    ['an empty purpose', { purposes: [''] }, {}, 'purposes'],
    ['a purpose twice', { purposes: ['a', 'a'] }, {}, 'purposes'],
    ['gas in kWh', { commodity: 'gas', unit: 'uKWh' }, {}, 'unit'],
    ['electricity in m³', { unit: 'uM3' }, {}, 'unit'],
    ['the year 1000', { from: '1000-01-01', to: '1000-01-01' }, {}, 'from'],
    ['the year 3000', { from: '3000-01-01', to: '3000-01-01' }, {}, 'from'],
    ['more intervals than the range can have', { count: 60_000_000 }, {}, 'count'],
    ['more chunks than intervals', { count: 1 }, { chunks: 10_000 }, 'chunks'],
    [
      'more chunks than fit a manifest',
      { step: 'PT1M', to: '2026-06-04', count: 130_000 },
      { chunks: 9_901 },
      'chunks',
    ],
    ['two chunks where one is called for', {}, { chunks: 2 }, 'chunks'],
    ['a geohash with an l', { cell: 'ul' }, {}, 'cell'],
    ['one interval of a day of quarters', { count: 1 }, {}, null],
    // And what neither looked at.
    ['an escape sequence in a purpose', { purposes: ['\u001b[2J'] }, {}, 'purposes'],
    ['a C1 control in the licence', { licence: 'a\u009b2J' }, {}, 'licence'],
    ['another normal form', { title: 'e\u0301' }, {}, 'title'],
    ['no time zone', { zone: '+01:00' }, {}, 'zone'],
    ['a number for the title', { title: 5 }, {}, 'title'],
    [
      'a household with a name',
      { household: { kind: 'house', occupants: null, name: 'x' } },
      {},
      'household',
    ],
    ['a day that does not exist', { from: '2026-02-30' }, {}, 'from'],
    ['an end before the start', { to: '2026-03-03' }, {}, 'to'],
    ['more gaps than intervals', { gaps: 97 }, {}, 'gaps'],
    ['another version', {}, { v: 2 }, 'v'],
    ['a short root', {}, { dataRoot: new Uint8Array(31) }, 'dataRoot'],
    ['a field too many', {}, { extra: 1 }, 'extra'],
  ])('with %s', (_name, changes, top, field) => {
    const document = documentWith(changes, top);
    const attempts = [
      () => encodeDatasetDocument(document),
      () => datasetDocumentOf(document),
      () => decodeDatasetDocument(encode(document)),
      () => assetIdOf(document, crypto),
    ];
    for (const [index, attempt] of attempts.entries()) {
      // A lone surrogate has no encoding that a decoder could be given.
      if (index === 2 && JSON.stringify(changes).includes('\\ud800')) continue;
      if (field === null) {
        attempt();
        continue;
      }
      const code = Object.keys(top).length > 0 ? 'ERR_DATASET_FORMAT' : 'ERR_DATASET_DESCRIPTOR';
      expect(attempt, `attempt ${index}`).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining(field) }),
      );
    }
  });

  it('may be as large as an ask takes and no larger', () => {
    const purposes = Array.from({ length: 32 }, (_, n) => `${n}`.padEnd(64, '漢'));
    const document = documentWith({ purposes, title: '漢'.repeat(200), licence: '漢'.repeat(100) });
    expect(encodeDatasetDocument(document).length).toBeLessThan(8_192);
    expect(() => decodeDatasetDocument(new Uint8Array(8_193))).toThrow(/at most 8192 bytes/);
  });
});

describe('interval bounds', () => {
  it('hold in every time zone, clock changes and skipped days included', () => {
    const zones = [
      'Europe/Amsterdam',
      'Pacific/Apia',
      'Pacific/Kiritimati',
      'Antarctica/Troll',
      'Asia/Kathmandu',
      'UTC',
    ];
    const start = parseDay('2011-12-20') ?? 0;
    for (const zone of zones) {
      for (const step of INTERVAL_STEPS) {
        for (let from = start; from < start + 14; from++) {
          for (const days of [1, 2, 3, 12]) {
            const exact = intervalRange(zone, step, from, from + days - 1);
            const bounds = intervalRangeAnywhere(step, from, from + days - 1);
            expect(bounds.min, `${zone} ${step}`).toBeLessThanOrEqual(exact.min);
            expect(bounds.max, `${zone} ${step}`).toBeGreaterThanOrEqual(exact.max);
          }
        }
      }
    }
  });

  it('are no reason to offer what the calendar of the zone does not have', () => {
    expect(() => validateDescriptor({ ...descriptor, count: 97 })).toThrow(/count/);
    expect(datasetDocumentOf(documentWith({ count: 97 })).descriptor.count).toBe(97);
    expect(() => datasetDocumentOf(documentWith({ count: 201 }))).toThrow(/1 to 200 intervals of PT15M/);
    expect(() => validateDescriptor({ ...descriptor, zone: 'Europe/Atlantis' })).toThrow(/runtime knows/);
    expect(datasetDocumentOf(documentWith({ zone: 'Europe/Atlantis' })).descriptor.zone).toBe(
      'Europe/Atlantis',
    );
  });
});

describe('asset ids', () => {
  it('are EW and the CID of a document in its one text form', () => {
    const asset = assetIdOf(documentWith(), crypto);
    expect(asset).toMatch(/^EWbafyrei[a-z2-7]{52}$/);
    const cid = parseAssetId(asset);
    if (cid === undefined) throw new Error('no CID');
    const raw = CID.createV1(0x55, cid.multihash);
    const padded = `${asset.slice(0, -1)}${asset.endsWith('a') ? 'b' : 'a'}`;
    const wrong = [
      '',
      'EW',
      'DUM1',
      asset.slice(2),
      `${asset}x`,
      asset.toUpperCase(),
      `EW${raw}`,
      'EWbafkqaaa',
      5,
      null,
    ];
    for (const text of wrong) {
      expect(isAssetId(text), String(text)).toBe(false);
      expect(parseAssetId(text), String(text)).toBeUndefined();
    }
    expect(parseAssetId(padded)?.equals(cid)).not.toBe(true);
  });
});

describe('vocabularies', () => {
  it('name each quality by its code, and a unit for each commodity', () => {
    for (const [code, name] of QUALITY_NAMES.entries()) expect(Quality[name]).toBe(code);
    expect(Object.keys(UNITS_OF_COMMODITY)).toEqual([...COMMODITIES]);
  });
});
