import {
  bytesToHex,
  type Crypto,
  equalBytes,
  hexToBytes,
  publicKey,
  utf8ToBytes,
  type VerifyItem,
} from '@edmp/interface';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SUITE_KEYS } from '../keys.ts';
import { itemAt, rejection, thrown } from '../support.ts';
import { CRAFTED_SIGNATURES, type CraftedSignature } from './crafted-ed25519.ts';

/** RFC 8032 §7.1, tests 1 to 3: secret key, message, signature; the public keys are {@link SUITE_KEYS}. */
const RFC8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;

const item = ({ signature, message, publicKey: key }: CraftedSignature): VerifyItem => ({
  signature: hexToBytes(signature),
  message: hexToBytes(message),
  publicKey: publicKey(hexToBytes(key)),
});

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** ed25519, strictly. */
export function signatureCases(crypto: Crypto): void {
  describe('ed25519', () => {
    it('keys and signatures of RFC 8032 §7.1', () => {
      for (const [i, [secretKey, message, signature]] of RFC8032.entries()) {
        const secret = hexToBytes(secretKey);
        expect(bytesToHex(crypto.ed25519PublicKey(secret))).toBe(SUITE_KEYS[i]);
        expect(bytesToHex(crypto.ed25519Sign(hexToBytes(message), secret))).toBe(signature);
      }
    });

    for (const crafted of CRAFTED_SIGNATURES) {
      it(`${crafted.valid ? 'accepts' : 'refuses'}: ${crafted.name}`, async () => {
        const { signature, message, publicKey: key } = item(crafted);
        expect(crypto.ed25519Verify(signature, message, key)).toBe(crafted.valid);
        expect(await crypto.ed25519VerifyMany([{ signature, message, publicKey: key }])).toEqual([
          crafted.valid,
        ]);
      });
    }

    it('accepts what it signed and refuses any flipped bit', () => {
      fc.assert(
        fc.property(seed, fc.uint8Array({ maxLength: 200 }), fc.nat(), (secret, message, where) => {
          const key = crypto.ed25519PublicKey(secret);
          const signature = crypto.ed25519Sign(message, secret);
          expect(crypto.ed25519Verify(signature, message, key)).toBe(true);
          const parts = [signature, key, message];
          const bit = where % (8 * parts.reduce((sum, part) => sum + part.length, 0));
          const [s, k, m] = flip(parts, bit);
          expect(crypto.ed25519Verify(itemAt([s], 0), itemAt([m], 0), publicKey(itemAt([k], 0)))).toBe(false);
        }),
        { numRuns: 60 },
      );
    });

    it('answers false to anything that is no signature, message or key', async () => {
      const secret = new Uint8Array(32).fill(1);
      const good = {
        signature: crypto.ed25519Sign(utf8ToBytes('m'), secret),
        message: utf8ToBytes('m'),
        publicKey: crypto.ed25519PublicKey(secret),
      };
      const wrong: readonly unknown[] = [null, undefined, 'text', 7, new Uint8Array(), new Uint8Array(65)];
      const items = [
        ...wrong.map((value) => ({ ...good, signature: value })),
        ...wrong.map((value) => ({ ...good, publicKey: value })),
        ...wrong.map((value) => ({ ...good, message: value })),
        {
          ...good,
          publicKey: hexToBytes('0200000000000000000000000000000000000000000000000000000000000000'),
        },
        { ...good, publicKey: new Uint8Array(32).fill(0xff) },
      ] as unknown as readonly VerifyItem[];
      for (const { signature, message, publicKey: key } of items) {
        expect(crypto.ed25519Verify(signature, message, key)).toBe(false);
      }
      expect(await crypto.ed25519VerifyMany(items)).toEqual(items.map(() => false));
    });

    it('answers for many in order, and stops when the caller aborted', async () => {
      const secret = new Uint8Array(32).fill(2);
      const key = crypto.ed25519PublicKey(secret);
      // 600 items, most of them refused at sight, so that the suite stays quick on slow providers.
      const items = Array.from({ length: 600 }, (_, i) => {
        const message = Uint8Array.of(i & 255, i >> 8);
        const signature = i % 30 === 7 ? crypto.ed25519Sign(message, secret) : new Uint8Array(64);
        return { signature, message, publicKey: key };
      });
      expect(await crypto.ed25519VerifyMany(items)).toEqual(items.map((_, i) => i % 30 === 7));
      expect(await crypto.ed25519VerifyMany([])).toEqual([]);
      await rejection(crypto.ed25519VerifyMany(items, { signal: AbortSignal.abort() }), 'ERR_ABORTED');
    });

    it('signs with the key as it is at that moment, not as it was before', () => {
      const secret = new Uint8Array(32).fill(3);
      const first = crypto.ed25519Sign(utf8ToBytes('m'), secret);
      secret.fill(4);
      const second = crypto.ed25519Sign(utf8ToBytes('m'), secret);
      expect(equalBytes(first, second)).toBe(false);
      expect(second).toEqual(crypto.ed25519Sign(utf8ToBytes('m'), new Uint8Array(32).fill(4)));
    });

    it('refuses secret keys of another length and messages that are no bytes', () => {
      for (const length of [0, 31, 33, 64]) {
        thrown(() => crypto.ed25519PublicKey(new Uint8Array(length)), 'ERR_CRYPTO_KEY');
        thrown(() => crypto.ed25519Sign(utf8ToBytes('m'), new Uint8Array(length)), 'ERR_CRYPTO_KEY');
      }
      const text = 'm' as unknown as Uint8Array;
      thrown(() => crypto.ed25519Sign(text, new Uint8Array(32)), 'ERR_INVALID_ARGUMENT');
    });
  });
}

/** Copies of `parts` in which bit number `bit`, counted through all of them, is inverted. */
function flip(parts: readonly Uint8Array[], bit: number): [Uint8Array, Uint8Array, Uint8Array] {
  let left = bit;
  const copies = parts.map((part) => {
    const copy = part.slice();
    const index = left >> 3;
    if (left >= 0 && index < copy.length) copy[index] = (copy[index] ?? 0) ^ (1 << (left & 7));
    left -= 8 * part.length;
    return copy;
  });
  return [itemAt(copies, 0), itemAt(copies, 1), itemAt(copies, 2)];
}
