import { spawnSync } from 'node:child_process';
import { bytesToHex, hexToBytes, isEdmpError, publicKey, type VerifyItem } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { fastestNodeCrypto, type SodiumModule, sodiumCrypto } from '@edmp/interface/crypto/sodium';
import { CRAFTED_SIGNATURES, cryptoSuite } from '@edmp/testing';
import * as fc from 'fast-check';
// @ts-expect-error The package has no types.
import installed from 'sodium-native';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';

const node = nodeCrypto();
const sodium = await sodiumCrypto();
cryptoSuite({ name: 'sodium', create: () => sodium });
const unyielding = await sodiumCrypto({ threads: false });
cryptoSuite({ name: 'sodium in one go', create: () => unyielding });

const crafted = CRAFTED_SIGNATURES.map(({ valid, publicKey: key, message, signature }) => ({
  valid,
  publicKey: publicKey(hexToBytes(key)),
  message: hexToBytes(message),
  signature: hexToBytes(signature),
}));

/** A library whose verdicts come from `verify`. */
const library = (verify: SodiumModule['crypto_sign_verify_detached']): SodiumModule => ({
  crypto_sign_seed_keypair: () => {},
  crypto_sign_detached: () => {},
  crypto_sign_verify_detached: verify,
});
const loading = (module: SodiumModule) => ({ load: async () => module });
const missing = {
  load: async () => {
    throw new Error('Cannot find package');
  },
};

/** Code of the error that `promise` rejects with. */
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error) => (isEdmpError(error) ? error.code : error),
  );

describe('libsodium and OpenSSL agree', () => {
  it('on keys, signatures and any altered part of them', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    let accepted = 0;
    fc.assert(
      fc.property(
        bytes32,
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom('signature', 'key', 'message', 'nothing'),
        fc.nat({ max: 2399 }),
        (seed, message, part, bit) => {
          const parts = {
            signature: sodium.ed25519Sign(message, seed),
            key: sodium.ed25519PublicKey(seed).slice(),
            message: message.slice(),
          };
          expect(bytesToHex(parts.signature)).toBe(bytesToHex(node.ed25519Sign(message, seed)));
          expect(bytesToHex(parts.key)).toBe(bytesToHex(node.ed25519PublicKey(seed)));
          if (part !== 'nothing' && parts[part].length > 0) {
            const index = (bit >> 3) % parts[part].length;
            parts[part][index] = (parts[part][index] ?? 0) ^ (1 << (bit & 7));
          }
          const answer = sodium.ed25519Verify(parts.signature, parts.message, publicKey(parts.key));
          expect(answer).toBe(node.ed25519Verify(parts.signature, parts.message, publicKey(parts.key)));
          if (answer) accepted++;
        },
      ),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it('on crafted signatures with any part of another one, and on random points', () => {
    const one = fc.constantFrom(...crafted);
    const point = fc.oneof(
      one.map(({ publicKey: key }) => key as Uint8Array),
      one.map(({ signature }) => signature.subarray(0, 32)),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
    );
    const scalar = fc.oneof(
      one.map(({ signature }) => signature.subarray(32)),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
    );
    fc.assert(
      fc.property(point, point, scalar, one, (key, r, s, { message }) => {
        const signature = new Uint8Array(64);
        signature.set(r);
        signature.set(s, 32);
        const answer = sodium.ed25519Verify(signature, message, publicKey(key));
        expect(answer).toBe(node.ed25519Verify(signature, message, publicKey(key)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what libsodium is asked', () => {
  it('is nothing about keys and signatures that the strict rule refuses at sight', async () => {
    let asked = 0;
    const verdicts = new Map(
      crafted.map(
        ({ signature, message, publicKey: key, valid }) =>
          [`${bytesToHex(signature)}${bytesToHex(message)}${bytesToHex(key)}`, valid] as const,
      ),
    );
    const crypto = await sodiumCrypto(
      loading(
        library((signature, message, key) => {
          asked++;
          return verdicts.get(`${bytesToHex(signature)}${bytesToHex(message)}${bytesToHex(key)}`) ?? true;
        }),
      ),
    );
    asked = 0;
    const small = crafted.filter(({ valid }) => !valid).slice(-28);
    expect(await crypto.ed25519VerifyMany(small)).toEqual(small.map(() => false));
    expect(asked).toBe(0);
  });

  it('gives way to other work between slices, unless told not to', async () => {
    const items: readonly VerifyItem[] = Array.from({ length: 600 }, (_, i) => crafted[i % crafted.length]!);
    const order: string[] = [];
    const watch = async (name: string, crypto: typeof sodium): Promise<void> => {
      const turn = new Promise<void>((resolve) => {
        setImmediate(() => {
          order.push(`other work during ${name}`);
          resolve();
        });
      });
      expect(await crypto.ed25519VerifyMany(items)).toEqual(
        items.map((item) => (item as (typeof crafted)[0]).valid),
      );
      order.push(name);
      await turn;
    };
    await watch('slices', sodium);
    await watch('one go', unyielding);
    expect(order).toEqual(['other work during slices', 'slices', 'one go', 'other work during one go']);
  });

  it('stops between slices when the caller aborts', async () => {
    const controller = new AbortController();
    const items: readonly VerifyItem[] = Array.from({ length: 600 }, () => crafted[0]!);
    const answers = sodium.ed25519VerifyMany(items, { signal: controller.signal });
    controller.abort();
    expect(await code(answers)).toBe('ERR_ABORTED');
  });
});

describe('threads', () => {
  /** Answers of a process of its own to 300 items of which every third is altered, and how it ended. */
  const inProcess = (...flags: string[]) => {
    const program = `
      import { sodiumCrypto } from '@edmp/interface/crypto/sodium';
      const crypto = await sodiumCrypto();
      const seed = new Uint8Array(32).fill(7);
      const publicKey = crypto.ed25519PublicKey(seed);
      const items = Array.from({ length: 300 }, (_, i) => {
        const message = new Uint8Array(i).fill(i & 255);
        const signature = crypto.ed25519Sign(message, seed);
        if (i % 3 === 0) signature[i % 64] ^= 1;
        return { signature, message, publicKey };
      });
      const answers = await crypto.ed25519VerifyMany(items);
      process.stdout.write(answers.map((valid) => (valid ? 'v' : '-')).join(''));
    `;
    return spawnSync(
      process.execPath,
      ['--no-warnings', '--conditions=edmp-source', ...flags, '--input-type=module', '--eval', program],
      { cwd: import.meta.dirname, encoding: 'utf8', timeout: bounds.start },
    );
  };
  const expected = '-vv'.repeat(100);

  it('answer in order, and let the process end', () => {
    const { status, stdout, stderr } = inProcess();
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: expected, stderr: '' });
  });

  it('are done without where a process may not start any', () => {
    const { status, stdout } = inProcess('--permission', '--allow-fs-read=*', '--allow-addons');
    expect({ status, stdout }).toEqual({ status: 0, stdout: expected });
  });

  it('judge any mixture as node:crypto does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...crafted), fc.nat({ max: 200 })), {
          minLength: 1,
          maxLength: 80,
        }),
        async (chosen) => {
          const items: VerifyItem[] = chosen.map(([item, cut]) =>
            cut > 190 ? { ...item, signature: item.signature.subarray(0, cut - 190) } : item,
          );
          expect(await sodium.ed25519VerifyMany(items)).toEqual(await node.ed25519VerifyMany(items));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a library that is missing or unfit', () => {
  /** Accepts too much, as a library that multiplies by the cofactor does, or too little. */
  const unfit = [library(() => true), library(() => false)];

  it('is refused with a reason', async () => {
    expect(await code(sodiumCrypto(missing))).toBe('ERR_CRYPTO_PROVIDER');
    expect(await code(sodiumCrypto(loading({} as SodiumModule)))).toBe('ERR_CRYPTO_PROVIDER');
    for (const module of unfit) expect(await code(sodiumCrypto(loading(module)))).toBe('ERR_CRYPTO_PROVIDER');
  });

  it('is replaced by node:crypto in the fastest provider, which is libsodium when that is fit', async () => {
    expect((await fastestNodeCrypto()).name).toBe('sodium');
    expect((await fastestNodeCrypto(loading(installed))).name).toBe('sodium');
    expect((await fastestNodeCrypto(missing)).name).toBe('node');
    for (const module of unfit) expect((await fastestNodeCrypto(loading(module))).name).toBe('node');
  });
});
