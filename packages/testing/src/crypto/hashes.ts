import { bytesToHex, type Crypto, hexToBytes, utf8ToBytes } from '@edmp/interface';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrown } from '../support.ts';

const range = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i);

/** SHA-256, HMAC and HKDF. */
export function hashCases(crypto: Crypto): void {
  describe('hashes', () => {
    it('SHA-256 of FIPS 180-4', () => {
      for (const [data, digest] of [
        [utf8ToBytes(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
        [utf8ToBytes('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
        [
          new Uint8Array(1_000_000).fill(0x61),
          'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
        ],
      ] as const) {
        expect(bytesToHex(crypto.sha256(data))).toBe(digest);
      }
    });

    it('HMAC-SHA-256 of RFC 4231, also with keys longer than a block', () => {
      const mac = (key: Uint8Array, text: string): string =>
        bytesToHex(crypto.hmacSha256(key, utf8ToBytes(text)));
      expect(mac(new Uint8Array(20).fill(0x0b), 'Hi There')).toBe(
        'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      );
      expect(mac(utf8ToBytes('Jefe'), 'what do ya want for nothing?')).toBe(
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      );
      expect(
        mac(new Uint8Array(131).fill(0xaa), 'Test Using Larger Than Block-Size Key - Hash Key First'),
      ).toBe('60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54');
    });

    it('HKDF-SHA-256 of RFC 5869, with and without salt and info', () => {
      const inputKey = new Uint8Array(22).fill(0x0b);
      const salted = crypto.hkdfExtract(range(0, 13), inputKey);
      expect(bytesToHex(salted)).toBe('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5');
      expect(bytesToHex(crypto.hkdfExpand(salted, range(0xf0, 10), 42))).toBe(
        '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
      );
      const unsalted = crypto.hkdfExtract(new Uint8Array(), inputKey);
      expect(bytesToHex(unsalted)).toBe('19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04');
      expect(bytesToHex(crypto.hkdfExpand(unsalted, new Uint8Array(), 42))).toBe(
        '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
      );
    });

    it('HKDF gives every length up to 8160 as a prefix of the longest, and no more', () => {
      const key = crypto.sha256(utf8ToBytes('key'));
      const longest = bytesToHex(crypto.hkdfExpand(key, utf8ToBytes('info'), 8160));
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 8160 }), (length) => {
          const bytes = crypto.hkdfExpand(key, utf8ToBytes('info'), length);
          expect(bytesToHex(bytes)).toBe(longest.slice(0, 2 * length));
        }),
        { numRuns: 30 },
      );
      for (const length of [8161, -1, 1.5, Number.NaN]) {
        thrown(() => crypto.hkdfExpand(key, utf8ToBytes('info'), length), 'ERR_INVALID_ARGUMENT');
      }
    });

    it('refuses to hash anything but bytes', () => {
      for (const value of ['text', null, 7, [1, 2]]) {
        const data = value as unknown as Uint8Array;
        thrown(() => crypto.sha256(data), 'ERR_INVALID_ARGUMENT');
        thrown(() => crypto.hmacSha256(data, new Uint8Array()), 'ERR_INVALID_ARGUMENT');
        thrown(() => crypto.hmacSha256(new Uint8Array(), data), 'ERR_INVALID_ARGUMENT');
        thrown(() => crypto.hkdfExpand(new Uint8Array(32), data, 32), 'ERR_INVALID_ARGUMENT');
      }
    });

    it('leaves its inputs alone and gives results of their own', () => {
      const data = hexToBytes('00112233');
      const digest = crypto.sha256(data);
      const copy = digest.slice();
      crypto.sha256(utf8ToBytes('another'));
      expect(digest).toEqual(copy);
      expect(bytesToHex(data)).toBe('00112233');
      digest.fill(0);
      expect(crypto.sha256(data)).toEqual(copy);
    });
  });
}
