import * as nodeCipher from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as chacha from '@noble/ciphers/chacha.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMissingNoble, missingNoble, NOBLE_PEERS, NOBLE_RANGE } from '../src/crypto/noble-peers.ts';
import { nodeAead } from '../src/crypto/node-aead.ts';

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
        message: expect.stringContaining(`npm install "@noble/ciphers@${NOBLE_RANGE}"`),
        cause,
      }),
    );
  });
});

describe('the peers of the portable providers', () => {
  it('are named in the versions that package.json asks for', () => {
    const { peerDependencies } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    ) as { peerDependencies: Record<string, string> };
    expect(Object.fromEntries(NOBLE_PEERS.map((peer) => [peer, peerDependencies[peer]]))).toEqual(
      Object.fromEntries(NOBLE_PEERS.map((peer) => [peer, NOBLE_RANGE])),
    );
    const { message, details } = missingNoble('This', NOBLE_PEERS, undefined);
    for (const peer of NOBLE_PEERS) expect(message).toContain(`"${peer}@${NOBLE_RANGE}"`);
    expect(details).toEqual({ peers: NOBLE_PEERS.map((peer) => `${peer}@${NOBLE_RANGE}`) });
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
