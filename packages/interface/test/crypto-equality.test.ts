import { bytesToHex, type Crypto, isEdmpError, publicKey } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const node = nodeCrypto();
const noble = nobleCrypto();

const bytes = fc.uint8Array({ maxLength: 300 });
/** Mostly the right length, sometimes not. */
const sized = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ minLength: length, maxLength: length }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: length + 2 }) },
  );

/** Result as text, or the code and message of the error, so that both providers can be compared. */
function outcome(crypto: Crypto, call: (crypto: Crypto) => Uint8Array | boolean): string {
  try {
    const result = call(crypto);
    return typeof result === 'boolean' ? String(result) : bytesToHex(result);
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const agree = (call: (crypto: Crypto) => Uint8Array | boolean): void => {
  expect(outcome(noble, call)).toBe(outcome(node, call));
};

describe('both providers give the same answer or the same error', () => {
  it('to hashes and key derivation', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.integer({ min: -1, max: 8200 }), (a, b, c, length) => {
        agree((crypto) => crypto.sha256(a));
        agree((crypto) => crypto.hmacSha256(a, b));
        agree((crypto) => crypto.hkdfExtract(a, b));
        agree((crypto) => crypto.hkdfExpand(c, a, length));
      }),
    );
  });

  it('to keys and signatures', () => {
    fc.assert(
      fc.property(sized(32), bytes, (secret, message) => {
        agree((crypto) => crypto.ed25519PublicKey(secret));
        agree((crypto) => crypto.ed25519Sign(message, secret));
      }),
      { numRuns: 50 },
    );
  });

  it('to random and to slightly altered signatures', async () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const mutation = fc.record({ part: fc.constantFrom('s', 'k', 'm', '-'), bit: fc.nat({ max: 1023 }) });
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(seed, bytes, mutation, async (secret, message, { part, bit }) => {
        const parts = {
          s: node.ed25519Sign(message, secret),
          k: node.ed25519PublicKey(secret).slice(),
          m: message.slice(),
        };
        if (part !== '-') {
          const target = parts[part as 's' | 'k' | 'm'];
          const index = (bit >> 3) % Math.max(1, target.length);
          if (target.length > 0) target[index] = target[index]! ^ (1 << (bit & 7));
        }
        const key = publicKey(parts.k);
        agree((crypto) => crypto.ed25519Verify(parts.s, parts.m, key));
        const items = [{ signature: parts.s, message: parts.m, publicKey: key }];
        const answers = await node.ed25519VerifyMany(items);
        expect(answers).toEqual(await noble.ed25519VerifyMany(items));
        expect(answers).toEqual([node.ed25519Verify(parts.s, parts.m, key)]);
        if (answers[0] === true) accepted++;
      }),
      { numRuns: 100 },
    );
    expect(accepted).toBeGreaterThan(0);
    fc.assert(
      fc.property(sized(64), bytes, sized(32), (signature, message, key) => {
        agree((crypto) => crypto.ed25519Verify(signature, message, key as ReturnType<typeof publicKey>));
      }),
    );
  });

  it('to exchanges with random keys', () => {
    fc.assert(
      fc.property(sized(32), sized(32), (secret, key) => {
        agree((crypto) => crypto.x25519PublicKey(secret));
        agree((crypto) => crypto.x25519(secret, key));
      }),
      { numRuns: 50 },
    );
  });

  it('to sealed, altered and random ciphertexts', () => {
    fc.assert(
      fc.property(sized(32), sized(12), bytes, bytes, fc.nat(), (key, nonce, text, aad, where) => {
        agree((crypto) => crypto.chacha20Poly1305Seal(key, nonce, text, aad));
        agree((crypto) => crypto.chacha20Poly1305Open(key, nonce, text, aad));
        if (key.length !== 32 || nonce.length !== 12) return;
        const sealed = node.chacha20Poly1305Seal(key, nonce, text, aad);
        agree((crypto) => crypto.chacha20Poly1305Open(key, nonce, sealed, aad));
        sealed[where % sealed.length] = sealed[where % sealed.length]! ^ 1;
        agree((crypto) => crypto.chacha20Poly1305Open(key, nonce, sealed, aad));
      }),
    );
  });
});

describe('the key cache of the node provider', () => {
  it('forgets old keys and still answers for them', () => {
    const secret = new Uint8Array(32).fill(1);
    const message = Uint8Array.of(1);
    const signature = node.ed25519Sign(message, secret);
    const key = node.ed25519PublicKey(secret);
    expect(node.ed25519Verify(signature, message, key)).toBe(true);
    for (let i = 0; i < 4200; i++) {
      const other = publicKey(node.sha256(Uint8Array.of(i & 255, i >> 8)));
      expect(node.ed25519Verify(signature, message, other)).toBe(false);
    }
    expect(node.ed25519Verify(signature, message, key)).toBe(true);
  });
});
