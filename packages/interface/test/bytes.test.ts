import {
  bytesToHex,
  bytesToUtf8,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  isPublicKeyHex,
  publicKey,
  publicKeyFromHex,
  publicKeyToHex,
  singleFrame,
  uint32ToBytes,
  utf8ToBytes,
} from '@edmp/interface';
import { rejection, thrown } from '@edmp/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const bytes = fc.uint8Array({ maxLength: 40 });

describe('bytes', () => {
  it('go to hexadecimal and back, in either case', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(bytesToHex(value)).toBe(Buffer.from(value).toString('hex'));
        expect(hexToBytes(bytesToHex(value))).toEqual(value);
        expect(hexToBytes(bytesToHex(value).toUpperCase())).toEqual(value);
      }),
    );
    const long = Uint8Array.from({ length: 200_001 }, (_, n) => n);
    expect(bytesToHex(long)).toBe(Buffer.from(long).toString('hex'));
    for (const text of ['0', '0g', 'zz', ' 00', '0x00', '００', null, 7, undefined]) {
      thrown(() => hexToBytes(text as string), 'ERR_INVALID_ARGUMENT');
    }
  });

  it('go to UTF-8 and back; malformed bytes are refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(bytesToUtf8(utf8ToBytes(text))).toBe(text);
      }),
    );
    expect(bytesToUtf8(utf8ToBytes('\ufeffkept'))).toBe('\ufeffkept');
    for (const hex of ['ff', 'c080', 'eda080', 'f4908080', 'e282']) {
      thrown(() => bytesToUtf8(hexToBytes(hex)), 'ERR_INVALID_ARGUMENT');
    }
    fc.assert(
      fc.property(bytes, (value) => {
        try {
          expect(utf8ToBytes(bytesToUtf8(value))).toEqual(value);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
        }
      }),
    );
  });

  it('concatenate, compare and order like Buffer', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (a, b, c) => {
        expect(Buffer.from(concatBytes(a, b, c))).toEqual(Buffer.concat([a, b, c]));
        expect(equalBytes(a, b)).toBe(Buffer.from(a).equals(b));
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
        expect(compareBytes(a, a.slice())).toBe(0);
        expect(equalBytes(a, a.slice())).toBe(true);
      }),
    );
    expect(concatBytes()).toEqual(new Uint8Array());
  });

  it('write unsigned 32-bit integers big-endian', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
        expect(Buffer.from(uint32ToBytes(value)).readUInt32BE()).toBe(value);
      }),
    );
    for (const value of [-1, 0x1_0000_0000, 0.5, Number.NaN]) {
      thrown(() => uint32ToBytes(value), 'ERR_INVALID_ARGUMENT');
    }
  });
});

describe('public keys', () => {
  it('have 32 bytes and 64 lower-case hexadecimal characters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (value) => {
        const hex = publicKeyToHex(publicKey(value));
        expect(isPublicKeyHex(hex)).toBe(true);
        expect(publicKeyFromHex(hex)).toEqual(value);
      }),
    );
  });

  it('are refused in any other form', () => {
    for (const value of [new Uint8Array(31), new Uint8Array(33), 'x'.repeat(32), null, undefined]) {
      thrown(() => publicKey(value as Uint8Array), 'ERR_INVALID_ARGUMENT');
    }
    for (const text of ['', 'AB'.repeat(32), 'ab'.repeat(31), 'zz'.repeat(32), null, 5, undefined]) {
      expect(isPublicKeyHex(text as string)).toBe(false);
      thrown(() => publicKeyFromHex(text as string), 'ERR_INVALID_ARGUMENT');
    }
  });
});

describe('singleFrame', () => {
  async function* frames(count: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) yield Uint8Array.of(i);
  }

  it('gives the only frame and refuses none or several', async () => {
    expect(await singleFrame(frames(1))).toEqual(Uint8Array.of(0));
    await rejection(singleFrame(frames(0)), 'ERR_NETWORK_PROTOCOL');
    await rejection(singleFrame(frames(2)), 'ERR_NETWORK_PROTOCOL');
  });
});
