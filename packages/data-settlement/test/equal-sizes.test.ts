import { createSettlement, memoryContentStore } from '@edmp/data-settlement';
import { createDataset } from '@edmp/data-settlement/dataset';
import {
  type Consumption,
  type Descriptor,
  memoryKeyValueStore,
  seededRandom,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { chunkCountOf, INTERVAL_STEPS, intervalRange, maxValueOf, parseDay } from '@edmp/interface/dataset';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { descriptorOf } from './support/fixtures.ts';
import { sizesOfTrade } from './support/trade-sizes.ts';

const crypto = nodeCrypto({ threads: false });

/** A descriptor of any step and of up to forty days. */
const descriptors: fc.Arbitrary<Descriptor> = fc
  .tuple(
    fc.constantFrom(...INTERVAL_STEPS),
    fc.integer({ min: 1, max: 40 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map(([step, days, share]) => {
    const from = '2026-01-01';
    const to = new Date(Date.UTC(2026, 0, days)).toISOString().slice(0, 10);
    const { max } = intervalRange('Europe/Amsterdam', step, parseDay(from) ?? 0, parseDay(to) ?? 0);
    return descriptorOf({ step, from, to, count: max, gaps: Math.floor(share * max) });
  });

/** A series under the descriptor: values of any size, gaps anywhere, any quality. */
function seriesOf({ step, count, gaps }: Descriptor, seed: number): Consumption {
  const random = seededRandom(seed);
  const top = seed % 3 === 0 ? 1 : Math.min(maxValueOf(step), 2 ** (8 + (seed % 24)));
  const missing = new Set<number>();
  const block = random.below(count);
  for (let i = 0; missing.size < gaps; i++)
    missing.add(seed % 2 === 0 ? (block + i) % count : random.below(count));
  return {
    values: Array.from({ length: count }, (_, i) => (missing.has(i) ? null : random.below(top))),
    quality: Uint8Array.from({ length: count }, () => random.below(6)),
    offsetMinutes: 0,
  };
}

it('gives any two series under one descriptor equal chunks and equal lengths', () => {
  fc.assert(
    fc.property(descriptors, fc.nat(), fc.nat(), (descriptor, a, b) => {
      const made = [a, b].map((seed) => {
        const random = seededRandom(seed);
        return createDataset({
          descriptor,
          consumption: seriesOf(descriptor, seed),
          crypto,
          random: (length) => random.bytes(length),
        });
      });
      const lengths = made.map(({ document, documentBytes, asset, saltedChunks, leaves }) => [
        document.chunks,
        documentBytes.length,
        asset.length,
        leaves.length,
        saltedChunks.map((chunk) => chunk.length),
      ]);
      expect(lengths[0]).toEqual(lengths[1]);
      expect(lengths[0]?.[0]).toBe(chunkCountOf(descriptor));
    }),
    { numRuns: 40 },
  );
});

it('gives any two series under one descriptor equal deliveries and equal traffic', async () => {
  await fc.assert(
    fc.asyncProperty(descriptors, fc.nat(), fc.nat(), async (descriptor, a, b) => {
      const [first, second] = [
        await sizesOfTrade({ descriptor, consumption: seriesOf(descriptor, a) }),
        await sizesOfTrade({ descriptor, consumption: seriesOf(descriptor, b) }),
      ];
      expect(first).toEqual(second);
    }),
    { numRuns: 10 },
  );
});

it('refuses a value above what an interval holds, whatever else is in the series', async () => {
  const environment = virtualEnvironment();
  const settlement = createSettlement({
    crypto,
    environment,
    network: { handle: () => () => undefined } as never,
    content: memoryContentStore({ crypto, environment }),
    secrets: memoryKeyValueStore(),
  });
  for (const step of INTERVAL_STEPS) {
    const descriptor = descriptorOf({ step, count: step === 'P1D' ? 1 : 2 });
    const values = step === 'P1D' ? [maxValueOf(step)] : [0, maxValueOf(step)];
    const quality = new Uint8Array(values.length);
    await settlement.addDataset({ descriptor, consumption: { values, quality, offsetMinutes: 0 } });
    const over = values.map((value) => (value === 0 ? 0 : value + 1));
    await expect(
      settlement.addDataset({ descriptor, consumption: { values: over, quality, offsetMinutes: 0 } }),
    ).rejects.toThrow(expect.objectContaining({ code: 'ERR_DATASET_CONSUMPTION' }));
  }
});
