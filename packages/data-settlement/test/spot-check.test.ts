import { chunkStart, createDataset } from '@edmp/data-settlement/dataset';
import {
  encodeSpotCheck,
  MAX_SPOT_CHECK,
  spotCheckIndices,
  verifySpotCheck,
} from '@edmp/data-settlement/proof';
import { isEdmpError, seededRandom } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';

const crypto = nodeCrypto();
const seed = new Uint8Array(32).fill(3);
const invalid = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });

function manyChunks() {
  const series = quarterHours({ days: 400 });
  const random = seededRandom(5);
  const dataset = createDataset({ ...series, crypto, random: (n) => random.bytes(n) });
  const drawn = (indices: readonly number[]) =>
    indices.map((index) => ({ index, saltedChunk: dataset.saltedChunks[index]! }));
  const answer = (indices: readonly number[]) => encodeSpotCheck(crypto, dataset.leaves, drawn(indices));
  return { series, dataset, answer, drawn };
}

describe('spot check', () => {
  it('draws different indices, the same for everybody, another set for another seed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 1, max: 9_900 }),
        fc.integer({ min: 1, max: MAX_SPOT_CHECK }),
        (bytes, chunks, wanted) => {
          const samples = Math.min(wanted, chunks);
          const indices = spotCheckIndices(crypto, bytes, chunks, samples);
          expect(new Set(indices).size).toBe(samples);
          expect(indices.every((index) => index >= 0 && index < chunks)).toBe(true);
          expect(indices).toEqual([...indices].sort((a, b) => a - b));
          expect(spotCheckIndices(crypto, bytes, chunks, samples)).toEqual(indices);
        },
      ),
      { numRuns: 100 },
    );
    const draw = (byte: number) => spotCheckIndices(crypto, new Uint8Array(32).fill(byte), 9_900, 8);
    expect(draw(1)).not.toEqual(draw(2));
    for (const bad of [0, 33, 1.5, Number.NaN])
      expect(() => spotCheckIndices(crypto, seed, 100, bad)).toThrow(invalid);
    expect(() => spotCheckIndices(crypto, seed, 3, 4)).toThrow(invalid);
    expect(() => spotCheckIndices(crypto, new Uint8Array(31), 100, 1)).toThrow(invalid);
  });

  it('shows the buyer exactly the drawn chunks of the series', () => {
    const { dataset, series, answer } = manyChunks();
    const { document } = dataset;
    const indices = spotCheckIndices(crypto, seed, document.chunks, 3);
    const opened = verifySpotCheck({ crypto, document, seed, samples: 3 }, answer(indices));
    expect([...opened.keys()]).toEqual(indices);
    for (const [index, chunk] of opened) {
      const from = chunkStart(document.descriptor.count, document.chunks, index);
      expect(chunk.values).toEqual(series.consumption.values.slice(from, from + chunk.count));
    }
  });

  it('refuses other chunks, other data and any altered byte', () => {
    const { dataset, answer } = manyChunks();
    const { document } = dataset;
    const options = { crypto, document, seed, samples: 2 };
    const indices = spotCheckIndices(crypto, seed, document.chunks, 2);
    const refusal = expect.objectContaining({ code: 'ERR_SETTLEMENT_DELIVERY' });
    const other = indices.map((index) => (index === 0 ? 1 : index - 1));
    expect(() => verifySpotCheck(options, answer(other))).toThrow(refusal);
    expect(() => verifySpotCheck(options, answer(indices.slice(1)))).toThrow(refusal);
    const misdescribed = { ...document, descriptor: { ...document.descriptor, gaps: 0 } };
    expect(() => verifySpotCheck({ ...options, document: misdescribed }, answer(indices))).toThrow(refusal);
    const bytes = answer(indices);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        try {
          verifySpotCheck(options, bytes.with(at, bytes[at]! ^ mask));
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          expect(error.code).toMatch(/^ERR_SETTLEMENT_(FORMAT|DELIVERY)$/);
          return;
        }
        throw new Error('an altered answer passed');
      }),
      { numRuns: 500 },
    );
  });
});
