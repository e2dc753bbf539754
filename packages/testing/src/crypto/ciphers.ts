import { bytesToHex, type Crypto, hexToBytes, utf8ToBytes } from '@edmp/interface';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrown } from '../support.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
const NONCE = hexToBytes('070000004041424344454647');
const AAD = hexToBytes('50515253c0c1c2c3c4c5c6c7');
const PLAINTEXT = utf8ToBytes(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
);
const SEALED =
  'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b' +
  '1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
  '3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691';

/** ChaCha20-Poly1305. */
export function cipherCases(crypto: Crypto): void {
  describe('ChaCha20-Poly1305', () => {
    it('seals and opens the example of RFC 8439 §2.8.2', () => {
      expect(bytesToHex(crypto.chacha20Poly1305Seal(KEY, NONCE, PLAINTEXT, AAD))).toBe(SEALED);
      expect(crypto.chacha20Poly1305Open(KEY, NONCE, hexToBytes(SEALED), AAD)).toEqual(PLAINTEXT);
    });

    it('opens what it sealed and refuses any altered byte, key, nonce or associated data', () => {
      const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
        fc.uint8Array({ minLength: length, maxLength: length });
      fc.assert(
        fc.property(
          bytes(32),
          bytes(12),
          fc.uint8Array({ maxLength: 200 }),
          fc.uint8Array({ maxLength: 40 }),
          fc.nat(),
          (key, nonce, plaintext, aad, where) => {
            const sealed = crypto.chacha20Poly1305Seal(key, nonce, plaintext, aad);
            expect(sealed.length).toBe(plaintext.length + 16);
            expect(crypto.chacha20Poly1305Open(key, nonce, sealed, aad)).toEqual(plaintext);
            const inputs = { key, nonce, sealed, aad };
            for (const name of ['key', 'nonce', 'sealed', 'aad'] as const) {
              const altered = { ...inputs, [name]: alter(inputs[name], where) };
              thrown(
                () => crypto.chacha20Poly1305Open(altered.key, altered.nonce, altered.sealed, altered.aad),
                'ERR_CRYPTO_AUTHENTICATION',
              );
            }
          },
        ),
        { numRuns: 40 },
      );
    });

    it('refuses ciphertexts that are cut short', () => {
      const sealed = hexToBytes(SEALED);
      for (const length of [0, 1, 15, 16, sealed.length - 1]) {
        thrown(
          () => crypto.chacha20Poly1305Open(KEY, NONCE, sealed.subarray(0, length), AAD),
          'ERR_CRYPTO_AUTHENTICATION',
        );
      }
    });

    it('seals a mebibyte and an empty text', () => {
      for (const length of [0, 1 << 20]) {
        const plaintext = new Uint8Array(length).fill(9);
        const sealed = crypto.chacha20Poly1305Seal(KEY, NONCE, plaintext, new Uint8Array());
        const opened = crypto.chacha20Poly1305Open(KEY, NONCE, sealed, new Uint8Array());
        expect(opened.length === length && opened.every((byte) => byte === 9)).toBe(true);
      }
    });

    it('refuses keys and nonces of another length', () => {
      const empty = new Uint8Array();
      for (const length of [0, 16, 31, 33]) {
        const key = new Uint8Array(length);
        thrown(() => crypto.chacha20Poly1305Seal(key, NONCE, empty, empty), 'ERR_CRYPTO_KEY');
        thrown(() => crypto.chacha20Poly1305Open(key, NONCE, new Uint8Array(16), empty), 'ERR_CRYPTO_KEY');
      }
      for (const length of [0, 8, 11, 13, 24]) {
        const nonce = new Uint8Array(length);
        thrown(() => crypto.chacha20Poly1305Seal(KEY, nonce, empty, empty), 'ERR_CRYPTO_KEY');
        thrown(() => crypto.chacha20Poly1305Open(KEY, nonce, new Uint8Array(16), empty), 'ERR_CRYPTO_KEY');
      }
    });

    it('refuses texts that are no bytes', () => {
      const text = 'text' as unknown as Uint8Array;
      thrown(() => crypto.chacha20Poly1305Seal(KEY, NONCE, text, AAD), 'ERR_INVALID_ARGUMENT');
      thrown(() => crypto.chacha20Poly1305Seal(KEY, NONCE, PLAINTEXT, text), 'ERR_INVALID_ARGUMENT');
      thrown(() => crypto.chacha20Poly1305Open(KEY, NONCE, text, AAD), 'ERR_INVALID_ARGUMENT');
      thrown(() => crypto.chacha20Poly1305Open(KEY, NONCE, PLAINTEXT, text), 'ERR_INVALID_ARGUMENT');
    });
  });
}

/** A copy with one bit inverted, or with a byte added when there is none. */
function alter(bytes: Uint8Array, where: number): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(0);
  const copy = bytes.slice();
  const index = where % copy.length;
  copy[index] = (copy[index] ?? 0) ^ (1 << (where & 7));
  return copy;
}
