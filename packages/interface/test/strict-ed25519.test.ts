import { createPublicKey, verify } from 'node:crypto';
import { bytesToHex, hexToBytes, publicKey } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { isAcceptablePublicKey, isAcceptableSignature } from '@edmp/interface/implement';
import { CRAFTED_SIGNATURES } from '@edmp/testing';
import { ed25519 } from '@noble/curves/ed25519.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  challenge,
  craftSignatures,
  smallOrderEncodings,
  torsionGenerator,
} from './support/crafted-ed25519.ts';

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
const P = ed25519.Point.Fp.ORDER;
const L = ed25519.Point.Fn.ORDER;
const signatureOf = (r: Uint8Array, s: bigint): Uint8Array => {
  const signature = new Uint8Array(64);
  signature.set(r);
  signature.set(littleEndian(s), 32);
  return signature;
};
const basePoint = ed25519.Point.BASE.toBytes();

describe('strict ed25519', () => {
  it('the crafted signatures are those that the curve gives', () => {
    expect(craftSignatures()).toEqual(CRAFTED_SIGNATURES);
  });

  it('the torsion point has order 8 and lies on the curve', () => {
    const point = torsionGenerator();
    point.assertValidity();
    expect(point.multiplyUnsafe(4n).is0()).toBe(false);
    expect(point.multiplyUnsafe(8n).is0()).toBe(true);
  });

  it('every crafted torsion signature satisfies the equation with a cofactor, so a lax verifier would take it', () => {
    const torsion = CRAFTED_SIGNATURES.filter(({ name }) => /torsion|small order/.test(name));
    expect(torsion.length).toBeGreaterThan(40);
    for (const { publicKey: key, message, signature } of torsion) {
      expect(ed25519.verify(hexToBytes(signature), hexToBytes(message), hexToBytes(key))).toBe(true);
    }
  });

  it('a provider that only asks node:crypto can differ in points of small order, and in nothing else', () => {
    const prefix = Buffer.from('302a300506032b6570032100', 'hex'); // RFC 8410 §4
    const different = CRAFTED_SIGNATURES.filter(({ publicKey: key, message, signature, valid }) => {
      const der = Buffer.concat([prefix, hexToBytes(key)]);
      const object = createPublicKey({ key: der, format: 'der', type: 'spki' });
      return verify(null, hexToBytes(message), object, hexToBytes(signature)) !== valid;
    });
    console.log(
      `node:crypto of Node ${process.versions.node} (OpenSSL ${process.versions.openssl}) differs from the strict ` +
        `rule on ${different.length} of ${CRAFTED_SIGNATURES.length} crafted signatures`,
    );
    expect(different.filter(({ name }) => !name.includes('small order'))).toEqual([]);
  });

  it('the fourteen encodings of the points of small order, and only they, are refused as keys and as R', () => {
    const encodings = smallOrderEncodings();
    expect(encodings.length).toBe(14);
    for (const { encoding, point } of encodings) {
      expect(point.multiplyUnsafe(8n).is0()).toBe(true);
      expect(isAcceptablePublicKey(encoding)).toBe(false);
      expect(isAcceptableSignature(signatureOf(encoding, 1n))).toBe(false);
      for (const index of [0, 7, 15, 30]) {
        const neighbour = encoding.slice();
        neighbour[index] = neighbour[index]! ^ 0x10;
        const value = BigInt(`0x${bytesToHex(neighbour.toReversed())}`) & ((1n << 255n) - 1n);
        expect(isAcceptablePublicKey(neighbour), bytesToHex(neighbour)).toBe(value < P);
      }
    }
  });

  it('all 38 encodings with y ≥ p are refused, the ones just below p are not', () => {
    for (const sign of [0, 0x80]) {
      for (let y = P; y < 1n << 255n; y++) {
        const encoding = littleEndian(y);
        encoding[31] = encoding[31]! | sign;
        expect(isAcceptablePublicKey(encoding)).toBe(false);
        expect(isAcceptableSignature(signatureOf(encoding, 1n))).toBe(false);
      }
      for (const y of [2n, 3n, P - 2n, P - 3n, P - 256n]) {
        const encoding = littleEndian(y);
        encoding[31] = encoding[31]! | sign;
        expect(isAcceptablePublicKey(encoding)).toBe(true);
      }
    }
  });

  it('S must be below L', () => {
    for (const s of [0n, 1n, L - 1n]) expect(isAcceptableSignature(signatureOf(basePoint, s))).toBe(true);
    for (const s of [L, L + 1n, 2n * L, (1n << 256n) - 1n]) {
      expect(isAcceptableSignature(signatureOf(basePoint, s))).toBe(false);
    }
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (s) => {
        expect(isAcceptableSignature(signatureOf(basePoint, s))).toBe(s < L);
      }),
    );
  });

  it('other lengths and other things are refused', () => {
    for (const value of [new Uint8Array(31), new Uint8Array(33), null, 'text', Array(32).fill(9)]) {
      expect(isAcceptablePublicKey(value as unknown as Uint8Array)).toBe(false);
      expect(isAcceptableSignature(value as unknown as Uint8Array)).toBe(false);
    }
  });

  it('both providers agree on sums of honest signatures and torsion points', () => {
    const [node, noble] = [nodeCrypto(), nobleCrypto()];
    const points = smallOrderEncodings().map(({ point }) => point);
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 8 }),
        fc.nat({ max: 13 }),
        fc.nat({ max: 13 }),
        (secret, message, inKey, inR) => {
          const { scalar, prefix, point } = ed25519.utils.getExtendedPublicKey(secret);
          const key = publicKey(point.add(points[inKey]!).toBytes());
          const nonce = BigInt(`0x${bytesToHex(node.sha256(prefix))}`) % L;
          const r = ed25519.Point.BASE.multiply(nonce).add(points[inR]!).toBytes();
          const hash = challenge(r, key, message);
          const signature = signatureOf(r, (nonce + hash * scalar) % L);
          const answer = node.ed25519Verify(signature, message, key);
          expect(noble.ed25519Verify(signature, message, key)).toBe(answer);
          expect(ed25519.verify(signature, message, key), 'the lax answer').toBe(true);
          if (answer) accepted++;
        },
      ),
      { numRuns: 150 },
    );
    expect(accepted, 'both answers occur').toBeGreaterThan(0);
    expect(accepted).toBeLessThan(150);
  });
});
