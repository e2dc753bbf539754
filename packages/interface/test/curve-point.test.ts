import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { isCurvePoint } from '@edmp/interface/implement';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** What another library says: a canonical encoding of a point that is not of small order. */
function isPoint(key: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(key);
    return !point.isSmallOrder();
  } catch {
    return false;
  }
}

it('agrees with an independent implementation about any 32 bytes', () => {
  let points = 0;
  fc.assert(
    fc.property(bytes32, (key) => {
      points += isPoint(key) ? 1 : 0;
      return isCurvePoint(key) === isPoint(key);
    }),
    { numRuns: 300 },
  );
  expect(points).toBeGreaterThan(75);
  expect(points).toBeLessThan(225);
});

it('takes the key of every secret', () => {
  const crypto = nobleCrypto();
  fc.assert(
    fc.property(bytes32, (secret) => isCurvePoint(crypto.ed25519PublicKey(secret))),
    { numRuns: 50 },
  );
});

it('refuses small orders, other encodings and other lengths', () => {
  for (const first of [0, 1, 0xec, 0xed, 0xee, 0xf0]) {
    const filled = first > 1;
    const key = new Uint8Array(32).fill(filled ? 0xff : 0);
    key[0] = first;
    if (filled) key[31] = 0x7f;
    expect(isCurvePoint(key), `first byte ${first}`).toBe(false);
  }
  expect(isCurvePoint(new Uint8Array(31))).toBe(false);
  expect(isCurvePoint(new Uint8Array(0))).toBe(false);
});
