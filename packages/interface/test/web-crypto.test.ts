import { readFileSync } from 'node:fs';
import { bytesToHex, hexToBytes, isEdmpError, publicKey, type VerifyItem } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { type WebSubtle, webCrypto, webSigner } from '@edmp/interface/crypto/web';
import { CRAFTED_SIGNATURES, cryptoSuite } from '@edmp/testing';
import { ed25519 } from '@noble/curves/ed25519.js';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { sharedPath } from './support/shared.ts';

const noble = nobleCrypto();
const real = globalThis.crypto.subtle as WebSubtle;

/** WebCrypto that counts what it is asked, with parts replaced. */
function counting(replaced: Partial<WebSubtle> = {}): { subtle: WebSubtle; calls: Record<string, number> } {
  const calls: Record<string, number> = { importKey: 0, verify: 0, sign: 0 };
  const count = (name: keyof WebSubtle) =>
    ((...args: unknown[]) => {
      calls[name] = (calls[name] ?? 0) + 1;
      const run = (replaced[name] ?? real[name].bind(real)) as (...args: unknown[]) => unknown;
      return run(...args);
    }) as never;
  return { subtle: { importKey: count('importKey'), verify: count('verify'), sign: count('sign') }, calls };
}

const failing = (name: string) => () => Promise.reject(new DOMException(name, name));

/** `count` signed messages by two keys, every third one altered. */
function batch(count: number): { items: VerifyItem[]; answers: boolean[] } {
  const items = Array.from({ length: count }, (_, i) => {
    const secret = new Uint8Array(32).fill(1 + (i % 2));
    const message = Uint8Array.of(i & 255, i >> 8);
    const signature = noble.ed25519Sign(message, secret).slice();
    if (i % 3 === 0) signature[40] = (signature[40] ?? 0) ^ 1;
    return { signature, message, publicKey: noble.ed25519PublicKey(secret) };
  });
  return { items, answers: items.map((_, i) => i % 3 !== 0) };
}

cryptoSuite({ name: 'web', create: webCrypto });
cryptoSuite({
  name: 'web without Ed25519',
  create: () => webCrypto({ subtle: counting({ importKey: failing('NotSupportedError') }).subtle }),
});

const crafted = CRAFTED_SIGNATURES.map(({ publicKey: key, message, signature }) => ({
  publicKey: publicKey(hexToBytes(key)),
  message: hexToBytes(message),
  signature: hexToBytes(signature),
}));
const verdicts = CRAFTED_SIGNATURES.map(({ valid }) => valid);

describe('batches on WebCrypto', () => {
  it('are verified by WebCrypto, each key imported once', async () => {
    const { subtle, calls } = counting();
    const crypto = webCrypto({ subtle });
    await crypto.ed25519VerifyMany([]);
    const probed = { ...calls };
    const { items, answers } = batch(40);
    expect(await crypto.ed25519VerifyMany(items)).toEqual(answers);
    expect(calls.verify).toBe((probed.verify ?? 0) + 40);
    expect(calls.importKey).toBe((probed.importKey ?? 0) + 2);
    await crypto.ed25519VerifyMany(items);
    expect(calls.importKey, 'known keys are kept').toBe((probed.importKey ?? 0) + 2);
  });

  it('give the strict answer to every crafted signature', async () => {
    expect(await webCrypto().ed25519VerifyMany(crafted)).toEqual(verdicts);
  });

  it('agree with noble on random and altered signatures', async () => {
    const crypto = webCrypto();
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const flip = fc.option(fc.nat({ max: 8 * 96 - 1 }), { nil: undefined });
    const one = fc.tuple(seed, fc.uint8Array({ maxLength: 80 }), flip);
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 8 }), async (cases) => {
        const items = cases.map(([secret, message, bit]) => {
          const signed = new Uint8Array(96);
          signed.set(noble.ed25519Sign(message, secret));
          signed.set(noble.ed25519PublicKey(secret), 64);
          if (bit !== undefined) signed[bit >> 3] = (signed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          return { signature: signed.slice(0, 64), message, publicKey: publicKey(signed.slice(64)) };
        });
        const answers = await crypto.ed25519VerifyMany(items);
        expect(answers).toEqual(await noble.ed25519VerifyMany(items));
        accepted += answers.filter(Boolean).length;
      }),
      { numRuns: 25 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it('keep only a bounded number of imported keys, and answer for forgotten ones', async () => {
    const { subtle, calls } = counting();
    const crypto = webCrypto({ subtle });
    const { items } = batch(2);
    await crypto.ed25519VerifyMany(items);
    const strangers = Array.from({ length: 4200 }, (_, i) => ({
      ...(items[1] as VerifyItem),
      publicKey: publicKey(noble.sha256(Uint8Array.of(i & 255, i >> 8))),
    }));
    const before = calls.importKey ?? 0;
    expect((await crypto.ed25519VerifyMany(strangers)).some(Boolean)).toBe(false);
    expect(calls.importKey).toBe(before + 4200);
    expect(await crypto.ed25519VerifyMany(items)).toEqual([false, true]);
    expect(calls.importKey).toBe(before + 4202);
  });
});

describe('a WebCrypto that is not good enough', () => {
  const { items, answers } = batch(12);

  it('is left alone when it has no Ed25519', async () => {
    const { subtle, calls } = counting({ importKey: failing('NotSupportedError') });
    const crypto = webCrypto({ subtle });
    expect(await crypto.ed25519VerifyMany(items)).toEqual(answers);
    const asked = calls.importKey;
    expect(await crypto.ed25519VerifyMany(items)).toEqual(answers);
    expect(calls.importKey, 'asked once in its life').toBe(asked);
    expect(calls.verify).toBe(0);
  });

  it('is left alone when it verifies with a cofactor, or always gives one answer', async () => {
    const lax: Partial<WebSubtle>[] = [
      { verify: () => Promise.resolve(true) },
      { verify: () => Promise.resolve(false) },
      {
        importKey: (_format, key) => Promise.resolve(key),
        verify: (_algorithm, key, signature, data) => Promise.resolve(ed25519.verify(signature, data, key)),
      },
    ];
    for (const replaced of lax) {
      const { subtle, calls } = counting(replaced);
      const crypto = webCrypto({ subtle });
      expect(await crypto.ed25519VerifyMany(items)).toEqual(answers);
      expect(await crypto.ed25519VerifyMany(crafted)).toEqual(verdicts);
      expect(calls.verify, 'the probes only').toBe(3);
    }
  });

  it('is not needed: pages outside a secure context have none', async () => {
    const { crypto } = globalThis;
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    try {
      expect(await webCrypto().ed25519VerifyMany(items)).toEqual(answers);
      const signer = await webSigner({ secretKey: new Uint8Array(32).fill(1) });
      const message = Uint8Array.of(7);
      expect(noble.ed25519Verify(await signer.sign(message), message, signer.publicKey)).toBe(true);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('never makes a good signature look bad by failing later', async () => {
    let healthy = true;
    const { subtle } = counting({
      verify: (...args) => (healthy ? real.verify(...args) : failing('OperationError')()),
    });
    const crypto = webCrypto({ subtle });
    expect(await crypto.ed25519VerifyMany(items)).toEqual(answers);
    healthy = false;
    expect(await crypto.ed25519VerifyMany(items)).toEqual(answers);
  });
});

describe('the WebCrypto signer', () => {
  const secretKey = new Uint8Array(32).fill(9);
  const message = Uint8Array.of(1, 2, 3);

  it('signs for the key of its seed, with WebCrypto or without', async () => {
    for (const subtle of [real, counting({ importKey: failing('NotSupportedError') }).subtle]) {
      const signer = await webSigner({ secretKey, subtle });
      expect(bytesToHex(signer.publicKey)).toBe(bytesToHex(noble.ed25519PublicKey(secretKey)));
      expect(noble.ed25519Verify(await signer.sign(message), message, signer.publicKey)).toBe(true);
    }
  });

  it('keeps its key in WebCrypto, where it cannot be read', async () => {
    const keys: CryptoKey[] = [];
    const { subtle, calls } = counting({
      importKey: async (...args) => {
        const key = await real.importKey(...args);
        keys.push(key as CryptoKey);
        return key;
      },
    });
    const signer = await webSigner({ secretKey, subtle });
    await signer.sign(message);
    expect(calls.sign).toBe(1);
    const own = keys.filter(({ type }) => type === 'private');
    expect(own.map(({ extractable }) => extractable)).toEqual([false]);
    await expect(globalThis.crypto.subtle.exportKey('pkcs8', own[0] as CryptoKey)).rejects.toThrow();
  });

  it('refuses other lengths and messages that are no bytes', async () => {
    const code = (promise: Promise<unknown>): Promise<unknown> =>
      promise.then(
        () => 'no error',
        (error: unknown) => (isEdmpError(error) ? error.code : error),
      );
    expect(await code(webSigner({ secretKey: new Uint8Array(31) }))).toBe('ERR_CRYPTO_KEY');
    const signer = await webSigner({ secretKey });
    expect(await code(signer.sign('text' as unknown as Uint8Array))).toBe('ERR_INVALID_ARGUMENT');
  });
});

describe('Project Wycheproof in batches', () => {
  const path = sharedPath('vectors/wycheproof/ed25519_test.json');
  it(path === undefined ? 'ed25519 on web (vectors are not here)' : 'ed25519 on web', async () => {
    const file: {
      testGroups: { publicKey: { pk: string }; tests: { sig: string; msg: string; result: string }[] }[];
    } = JSON.parse(readFileSync(path ?? '', 'utf8'));
    const vectors = file.testGroups.flatMap(({ publicKey: { pk }, tests }) =>
      tests.map((test) => ({ ...test, pk })),
    );
    const items = vectors.map(({ sig, msg, pk }) => ({
      signature: hexToBytes(sig),
      message: hexToBytes(msg),
      publicKey: publicKey(hexToBytes(pk)),
    }));
    expect(items.length).toBeGreaterThan(100);
    expect(await webCrypto().ed25519VerifyMany(items)).toEqual(
      vectors.map((test) => test.result === 'valid'),
    );
  });
});
