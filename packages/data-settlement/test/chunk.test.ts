import {
  CHUNK_HEADER_BYTES,
  type Chunk,
  chunkStart,
  decodeChunk,
  decodeChunkHeader,
  encodeChunk,
} from '@edmp/data-settlement/dataset';
import { type Consumption, isEdmpError, utf8ToBytes } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains } from './support/contains.ts';
import { quarterHours } from './support/fixtures.ts';

const value = fc.oneof(fc.constant(null), fc.nat(100), fc.integer({ min: 0, max: 2 ** 28 - 1 }));
const series: fc.Arbitrary<Consumption> = fc
  .array(fc.tuple(value, fc.nat(5)), { minLength: 1, maxLength: 200 })
  .chain((pairs) =>
    fc.nat(95).map((quarter) => ({
      values: pairs.map(([v]) => v),
      quality: Uint8Array.from(pairs, ([, q]) => q),
      offsetMinutes: quarter * 15,
    })),
  );

const width = fc.integer({ min: 4, max: 6 });

const again = (chunk: Chunk): Uint8Array =>
  encodeChunk(
    { values: chunk.values, quality: chunk.quality, offsetMinutes: chunk.offsetMinutes },
    0,
    chunk.count,
    chunk.gapsBefore,
    chunk.slotBytes,
  );

describe('chunk codec', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(series, fc.nat(1000), width, (consumption, gapsBefore, slotBytes) => {
        const bytes = encodeChunk(consumption, 0, consumption.values.length, gapsBefore, slotBytes);
        const chunk = decodeChunk(bytes);
        expect(chunk.values).toEqual(consumption.values);
        expect(chunk.quality).toEqual(consumption.quality);
        expect(chunk).toMatchObject({
          offsetMinutes: consumption.offsetMinutes,
          gapsBefore,
          gaps: consumption.values.filter((v) => v === null).length,
        });
        expect(decodeChunkHeader(bytes)).toMatchObject({ gapsBefore, slotBytes });
        expect(bytes.length).toBe(CHUNK_HEADER_BYTES + slotBytes * consumption.values.length);
      }),
      { numRuns: 300 },
    );
  });

  it('has one encoding: whatever decodes encodes to the same bytes', () => {
    let accepted = 0;
    fc.assert(
      fc.property(series, width, fc.nat(), fc.nat(255), (consumption, slotBytes, at, byte) => {
        const bytes = encodeChunk(consumption, 0, consumption.values.length, 0, slotBytes);
        const mutated = bytes.with(at % bytes.length, byte);
        try {
          const chunk = decodeChunk(mutated);
          accepted += 1;
          expect(again(chunk)).toEqual(mutated);
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          expect(error.code).toBe('ERR_DATASET_FORMAT');
        }
      }),
      { numRuns: 2000 },
    );
    // Changed values are other chunks, not malformed ones; there must have been some for the test to mean anything.
    expect(accepted).toBeGreaterThan(50);
  });

  it('refuses rubbish and amplification with a typed error', () => {
    const refused = (bytes: Uint8Array): void => {
      expect(() => decodeChunk(bytes)).toThrow(expect.objectContaining({ code: 'ERR_DATASET_FORMAT' }));
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 255 }), (bytes) => refused(bytes)),
      { numRuns: 500 },
    );
    // Four billion missing intervals in a few bytes.
    const bomb = new Uint8Array(256);
    bomb.set([0x24, 255, 255, 255, 255]);
    refused(bomb);
    refused(new Uint8Array(49 * 1024));
    refused(Uint8Array.of(0x23, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    refused(Uint8Array.of(0x27, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    // At least four bytes for every interval, with data or without.
    const gaps = { values: Array(12_000).fill(null), quality: new Uint8Array(12_000), offsetMinutes: 0 };
    const most = encodeChunk(gaps, 0, 12_000, 0, 4);
    expect(most.length).toBe(CHUNK_HEADER_BYTES + 48_000);
    expect(decodeChunk(most).gaps).toBe(12_000);
    // No data and a value.
    refused(most.with(most.length - 1, 1));
  });

  it('holds the largest value of each width, and refuses one more', () => {
    for (const slotBytes of [4, 5, 6]) {
      const max = 2 ** (8 * slotBytes - 4) - 1;
      const of = (value: number) => ({ values: [value], quality: Uint8Array.of(4), offsetMinutes: 0 });
      expect(decodeChunk(encodeChunk(of(max), 0, 1, 0, slotBytes)).values).toEqual([max]);
      expect(() => encodeChunk(of(max + 1), 0, 1, 0, slotBytes)).toThrow(
        expect.objectContaining({ code: 'ERR_DATASET_CONSUMPTION' }),
      );
    }
  });

  it('refuses values that no meter gives', () => {
    const one =
      (v: number | null | undefined, quality = 0): (() => Uint8Array) =>
      () =>
        encodeChunk({ values: [v as number], quality: Uint8Array.of(quality), offsetMinutes: 0 }, 0, 1, 0, 5);
    const refusal = expect.objectContaining({ code: 'ERR_DATASET_CONSUMPTION' });
    for (const bad of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0, undefined]) {
      expect(one(bad)).toThrow(refusal);
    }
    expect(one(1, 6)).toThrow(refusal);
    expect(() =>
      encodeChunk({ values: [1, 2], quality: new Uint8Array(1), offsetMinutes: 0 }, 0, 2, 0, 5),
    ).toThrow(refusal);
  });

  it('deals intervals out evenly and completely', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50_000_000 }),
        fc.integer({ min: 1, max: 9_900 }),
        (count, wanted) => {
          const chunks = Math.min(count, wanted);
          expect(chunkStart(count, chunks, 0)).toBe(0);
          expect(chunkStart(count, chunks, chunks)).toBe(count);
          const at = Math.floor(chunks / 2);
          const size = chunkStart(count, chunks, at + 1) - chunkStart(count, chunks, at);
          expect([Math.floor(count / chunks), Math.ceil(count / chunks)]).toContain(size);
        },
      ),
    );
  });

  it('says nothing about whose, where or when: no part of the descriptor is in it', () => {
    const { descriptor, consumption } = quarterHours();
    const bytes = encodeChunk(consumption, 0, 96, 0, 5);
    for (const secret of [
      utf8ToBytes(descriptor.zone),
      utf8ToBytes(descriptor.from),
      utf8ToBytes('2026'),
      utf8ToBytes(descriptor.cell ?? ''),
      descriptor.pseudonym,
      descriptor.consent ?? new Uint8Array(1),
    ]) {
      expect(contains(bytes, secret)).toBe(false);
    }
    // Bytes are a function of values, quality, offset and gap count alone: equal for any meter, place and date.
    fc.assert(
      fc.property(series, (consumption_) => {
        const all = consumption_.values.length;
        const copy = JSON.parse(JSON.stringify(consumption_.values)) as (number | null)[];
        const other = { ...consumption_, values: copy, id: 'meter-1', at: 1767225600000 } as Consumption;
        expect(encodeChunk(other, 0, all, 0, 5)).toEqual(encodeChunk(consumption_, 0, all, 0, 5));
      }),
      { numRuns: 50 },
    );
  });
});
