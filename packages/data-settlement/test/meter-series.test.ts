import { createDataset, decodeChunk } from '@edmp/data-settlement/dataset';
import { Quality, seededRandom } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { validateDescriptor } from '@edmp/interface/dataset';
import { describe, expect, it } from 'vitest';
import { descriptorOf } from './support/fixtures.ts';

const crypto = nodeCrypto();

describe('series as meters give them', () => {
  it('keeps intervals that are null because a register was reset, and intervals that were estimated', () => {
    const values = [0, 5, null, null, 7, 9, null, 1];
    const quality = Uint8Array.of(
      Quality.measured,
      Quality.estimated,
      Quality.reset,
      Quality.missing,
      Quality.edited,
      Quality.interpolated,
      Quality.reset,
      Quality.measured,
    );
    const random = seededRandom(1);
    const { chunks, document } = createDataset({
      descriptor: descriptorOf({ count: 8, gaps: 3 }),
      consumption: { values, quality, offsetMinutes: 1320 },
      crypto,
      random: (length) => random.bytes(length),
    });
    expect(decodeChunk(chunks[0]!)).toMatchObject({ values, quality, offsetMinutes: 1320, gaps: 3 });
    expect(document.descriptor.gaps).toBe(3);
  });

  it('accepts half-hour clock changes', () => {
    // Lord Howe Island goes back by half an hour on 5 April 2026: 24.5 hours.
    const day = { zone: 'Australia/Lord_Howe', from: '2026-04-05', to: '2026-04-05' };
    validateDescriptor(descriptorOf({ ...day, step: 'PT30M', count: 49 }));
    expect(() => validateDescriptor(descriptorOf({ ...day, step: 'PT30M', count: 50 }))).toThrow();
    validateDescriptor(descriptorOf({ ...day, to: '2026-04-06', step: 'PT1H', count: 48 }));
  });
});
