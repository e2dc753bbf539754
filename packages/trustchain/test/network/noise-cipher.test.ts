import { nodeCrypto } from '@edmp/interface/crypto/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NoiseCiphers, withKeyObjects } from '../../src/network/libp2p/noise-cipher.ts';

const crypto = nodeCrypto();
const key = new Uint8Array(32).fill(7);
const [nonce, ad] = [new Uint8Array(12), new Uint8Array(0)];

/** Ciphers that tell what they were given as a key. */
function told(): { readonly ciphers: NoiseCiphers<Uint8Array>; readonly given: unknown[] } {
  const given: unknown[] = [];
  const note = (bytes: Uint8Array, _nonce: Uint8Array, _ad: Uint8Array, k: Uint8Array): Uint8Array => {
    given.push(k);
    return bytes;
  };
  return { ciphers: withKeyObjects({ encrypt: note, decrypt: note }), given };
}

describe('ciphers of noise with key objects', () => {
  it('hand over the key itself for short messages, and one object of the same key for long ones', () => {
    const { ciphers, given } = told();
    for (const bytes of [10, 1_199, 1_200, 65_519]) {
      ciphers.encrypt(new Uint8Array(bytes), nonce, ad, key);
      ciphers.decrypt(new Uint8Array(bytes), nonce, ad, key);
    }
    expect(given.slice(0, 4).every((k) => k === key)).toBe(true);
    const [object] = given.slice(4) as { export(): Uint8Array; readonly type: string }[];
    expect(given.slice(4).every((k) => k === object)).toBe(true);
    expect(object?.type).toBe('secret');
    expect(new Uint8Array(object?.export() ?? [])).toEqual(key);
  });

  it('never give one channel the key of another', () => {
    const { ciphers, given } = told();
    const other = new Uint8Array(32).fill(8);
    for (const k of [key, other]) ciphers.encrypt(new Uint8Array(2_000), nonce, ad, k);
    expect(given.map((k) => (k as { export(): Buffer }).export()[0])).toEqual([7, 8]);
  });

  it('make the bytes that the bare ciphers make', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1_100, maxLength: 1_300 }), (text) => {
        const bare: NoiseCiphers<Uint8Array> = {
          encrypt: (bytes, n, a, k) => crypto.chacha20Poly1305Seal(bytesOf(k), n, bytes, a),
          decrypt: (bytes, n, a, k) => crypto.chacha20Poly1305Open(bytesOf(k), n, bytes, a),
        };
        const fast = withKeyObjects(bare);
        const sealed = fast.encrypt(text, nonce, ad, key);
        expect(sealed).toEqual(bare.encrypt(text, nonce, ad, key));
        expect(fast.decrypt(sealed, nonce, ad, key)).toEqual(text);
      }),
    );
  });
});

const bytesOf = (k: Uint8Array): Uint8Array =>
  k instanceof Uint8Array ? k : new Uint8Array((k as { export(): Buffer }).export());
