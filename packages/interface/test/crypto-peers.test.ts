import * as nodeCipher from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as chacha from '@noble/ciphers/chacha.js';
import * as nobleSha3 from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mlKem768Of } from '../src/crypto/kem.ts';
import { isMissingNoble, missingNoble, NOBLE_PEERS, NOBLE_RANGES } from '../src/crypto/noble-peers.ts';
import { nodeAead } from '../src/crypto/node-aead.ts';
import { nodeKem, nodeSha3 } from '../src/crypto/node-kem.ts';

/** A runtime like Bun, whose `createCipheriv` knows no ChaCha20-Poly1305. */
const without = {
  createCipheriv: () => {
    throw Object.assign(new Error('Unknown cipher'), { code: 'ERR_CRYPTO_UNKNOWN_CIPHER' });
  },
  createDecipheriv: nodeCipher.createDecipheriv,
} as unknown as typeof nodeCipher;

/** A runtime whose cipher answers, but with something else. */
const wrong = {
  createCipheriv: (_: string, key: Uint8Array, nonce: Uint8Array) =>
    nodeCipher.createCipheriv('aes-256-gcm', key, nonce),
  createDecipheriv: nodeCipher.createDecipheriv,
} as unknown as typeof nodeCipher;

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('the cipher of nodeCrypto', () => {
  it('is the runtime’s where it works, and nothing else is loaded', () => {
    const aead = nodeAead(nodeCipher, () => {
      throw new Error('not needed');
    });
    expect(
      aead.seal(new Uint8Array(32), new Uint8Array(12), new Uint8Array(3), new Uint8Array(0)),
    ).toHaveLength(19);
  });

  it('is that of @noble/ciphers where the runtime has none, or another one by that name', () => {
    const own = nodeAead(nodeCipher);
    for (const runtime of [without, wrong]) {
      const noble = nodeAead(runtime, () => chacha);
      fc.assert(
        fc.property(bytes(32), bytes(12), fc.uint8Array(), fc.uint8Array(), (key, nonce, text, aad) => {
          const sealed = noble.seal(key, nonce, text, aad);
          expect(sealed).toEqual(own.seal(key, nonce, text, aad));
          expect(noble.open(key, nonce, sealed, aad)).toEqual(text);
        }),
        { numRuns: 50 },
      );
    }
  });

  it('is refused by a typed error that names the package and its version where there is none at all', () => {
    const cause = Object.assign(new Error("Cannot find module '@noble/ciphers'"), {
      code: 'MODULE_NOT_FOUND',
    });
    const refuse = () =>
      nodeAead(without, () => {
        throw cause;
      });
    expect(refuse).toThrow(
      expect.objectContaining({
        code: 'ERR_CRYPTO_PROVIDER',
        message: expect.stringContaining(`npm install "@noble/ciphers@${NOBLE_RANGES['@noble/ciphers']}"`),
        cause,
      }),
    );
  });
});

describe('ML-KEM-768 of nodeCrypto', () => {
  const seed = new Uint8Array(64).fill(7);
  const randomness = new Uint8Array(32).fill(8);
  const never = (): never => {
    throw new Error('not needed');
  };
  const old = { createPrivateKey: nodeCipher.createPrivateKey, createPublicKey: nodeCipher.createPublicKey };
  /** A runtime that has the calls and no such key. */
  const odd = {
    ...old,
    encapsulate: never as unknown as typeof nodeCipher.encapsulate,
    decapsulate: never as unknown as typeof nodeCipher.decapsulate,
  };

  it('is the runtime’s where it works, and nothing else is loaded', () => {
    const kem = nodeKem(undefined, { ...nodeCipher }, never);
    const { ciphertext, sharedSecret } = kem.encapsulate(kem.publicKey(seed), undefined);
    expect(kem.decapsulate(seed, ciphertext)).toEqual(sharedSecret);
  });

  it('is that of @noble/post-quantum where the runtime has none, and for randomness that is given', () => {
    const own = nodeKem(ml_kem768, { ...nodeCipher }, never);
    for (const runtime of [old, odd]) {
      const noble = nodeKem(undefined, runtime, () => ml_kem768);
      expect(noble.publicKey(seed)).toEqual(own.publicKey(seed));
      const sent = noble.encapsulate(own.publicKey(seed), randomness);
      expect(sent).toEqual(own.encapsulate(own.publicKey(seed), randomness));
      expect(own.decapsulate(seed, sent.ciphertext)).toEqual(sent.sharedSecret);
      expect(noble.decapsulate(seed, sent.ciphertext)).toEqual(sent.sharedSecret);
    }
  });

  it('says what to install where there is none at all, and only once it is needed', () => {
    const cause = Object.assign(new Error("Cannot find module '@noble/post-quantum'"), {
      code: 'MODULE_NOT_FOUND',
    });
    const load = () => {
      throw cause;
    };
    const wanted = expect.objectContaining({
      code: 'ERR_CRYPTO_PROVIDER',
      message: expect.stringContaining('npm install "@noble/post-quantum@^0.7.1"'),
      cause,
    });
    expect(() => nodeKem(undefined, old, load).publicKey(seed)).toThrow(wanted);
    const kem = mlKem768Of(nodeKem(undefined, { ...nodeCipher }, load));
    expect(() => kem.encapsulate(kem.publicKey(seed), randomness)).toThrow(wanted);
  });
});

describe('SHA-3 of nodeCrypto', () => {
  const data = Uint8Array.of(1, 2, 3);
  const never = (): never => {
    throw new Error('Unsupported algorithm');
  };
  /** A runtime that forgets the output length, and one that has neither. */
  const runtimes = [
    { sha3: nobleSha3.sha3_256, shake256: (bytes: Uint8Array) => nobleSha3.shake256(bytes, { dkLen: 32 }) },
    { sha3: never, shake256: never },
  ];

  it('is that of @noble/hashes where the runtime has none, and the same', () => {
    const own = nodeSha3(undefined, never);
    for (const runtime of runtimes) {
      const noble = nodeSha3(runtime, () => nobleSha3);
      expect(noble.sha3(data)).toEqual(own.sha3(data));
      expect(noble.shake256(data, 96)).toEqual(own.shake256(data, 96));
      expect(() => nodeSha3(runtime, never).sha3(data)).toThrow(
        expect.objectContaining({ code: 'ERR_CRYPTO_PROVIDER' }),
      );
    }
  });
});

describe('the peers of the portable providers', () => {
  it('are named in the versions that package.json asks for', () => {
    const { peerDependencies } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    ) as { peerDependencies: Record<string, string> };
    expect(Object.fromEntries(NOBLE_PEERS.map((peer) => [peer, peerDependencies[peer]]))).toEqual(
      NOBLE_RANGES,
    );
    const { message, details } = missingNoble('This', NOBLE_PEERS, undefined);
    for (const peer of NOBLE_PEERS) expect(message).toContain(`"${peer}@${NOBLE_RANGES[peer]}"`);
    expect(details).toEqual({ peers: NOBLE_PEERS.map((peer) => `${peer}@${NOBLE_RANGES[peer]}`) });
  });

  it.each([
    [
      'Node',
      'ERR_MODULE_NOT_FOUND',
      "Cannot find package '@noble/curves' imported from /x/portable.js",
      true,
    ],
    [
      'Deno',
      'ERR_MODULE_NOT_FOUND',
      "Could not find package '@noble/ciphers' from referrer 'file:///x'.",
      true,
    ],
    [
      'another package',
      'ERR_MODULE_NOT_FOUND',
      "Cannot find package 'multiformats' imported from /x.js",
      false,
    ],
    ['a broken one', undefined, '@noble/curves: unexpected', false],
  ])('are told missing from broken: %s', (_, code, message, expected) => {
    expect(isMissingNoble(Object.assign(new Error(message), { code }))).toBe(expected);
  });
});
