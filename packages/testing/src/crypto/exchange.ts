import { bytesToHex, type Crypto, hexToBytes } from '@edmp/interface';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrown } from '../support.ts';

/** u-coordinates whose exchange is zero for every secret (orders 1, 2, 4 and 8 on the curve and its twist, and p + 0, p + 1). */
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

const secretKey = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** X25519. */
export function exchangeCases(crypto: Crypto): void {
  describe('X25519', () => {
    it('keys and shared secret of RFC 7748 §6.1', () => {
      const alice = hexToBytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
      const bob = hexToBytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
      const alicePublic = crypto.x25519PublicKey(alice);
      const bobPublic = crypto.x25519PublicKey(bob);
      expect(bytesToHex(alicePublic)).toBe(
        '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
      );
      expect(bytesToHex(bobPublic)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
      const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
      expect(bytesToHex(crypto.x25519(alice, bobPublic))).toBe(shared);
      expect(bytesToHex(crypto.x25519(bob, alicePublic))).toBe(shared);
    });

    it('gives both sides the same secret', () => {
      fc.assert(
        fc.property(secretKey, secretKey, (a, b) => {
          const one = crypto.x25519(a, crypto.x25519PublicKey(b));
          expect(crypto.x25519(b, crypto.x25519PublicKey(a))).toEqual(one);
          expect(one.length).toBe(32);
        }),
        { numRuns: 20 },
      );
    });

    it('refuses public keys of low order, with and without the unused top bit', () => {
      for (const hex of LOW_ORDER) {
        const key = hexToBytes(hex);
        thrown(() => crypto.x25519(new Uint8Array(32).fill(5), key), 'ERR_CRYPTO_LOW_ORDER');
        key[31] = (key[31] ?? 0) | 0x80;
        thrown(() => crypto.x25519(new Uint8Array(32).fill(5), key), 'ERR_CRYPTO_LOW_ORDER');
      }
    });

    it('refuses keys of another length', () => {
      const good = crypto.x25519PublicKey(new Uint8Array(32).fill(6));
      for (const length of [0, 31, 33]) {
        thrown(() => crypto.x25519PublicKey(new Uint8Array(length)), 'ERR_CRYPTO_KEY');
        thrown(() => crypto.x25519(new Uint8Array(length), good), 'ERR_CRYPTO_KEY');
        thrown(() => crypto.x25519(new Uint8Array(32), new Uint8Array(length)), 'ERR_CRYPTO_KEY');
      }
    });
  });
}
