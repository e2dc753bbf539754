/**
 * Crypto provider for Node with the ed25519 of libsodium, about twice as fast as OpenSSL's, for those who installed
 * the optional peer `sodium-native`; everything else is the provider over `node:crypto`.
 *
 * @packageDocumentation
 */
import { timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../errors.ts';
import { publicKey } from '../keys.ts';
import { CryptoError, expectBytes, expectLength } from './errors.ts';
import { type NodeCryptoOptions, nodeCrypto } from './node.ts';
import { type SodiumThreads, sodiumThreads } from './sodium-threads.ts';
import { isAcceptablePublicKey, isAcceptableSignature } from './strict-ed25519.ts';
import { STRICT_PROBES } from './strict-probes.ts';
import type { Crypto, VerifyItem } from './types.ts';

/** Not written into the `import` itself, so that neither compilers nor bundlers insist on an optional package. */
const MODULE: string = 'sodium-native';
/** Verifications on the calling thread before other work has its turn: some 5 ms. */
const VERIFY_HERE = 128;
/** Verifications handed to the threads at once; an abort is looked at in between. */
const VERIFY_BATCH = 1_024;
/** Bytes of libsodium's secret key: the seed, then the public key. */
const SECRET_KEY_BYTES = 64;

/** The part of `sodium-native` that is used. Results are written into the first arguments. */
export interface SodiumModule {
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

/** Options of {@link sodiumCrypto} and {@link fastestNodeCrypto}. */
export interface SodiumCryptoOptions extends NodeCryptoOptions {
  /** Loads the library. Default: imports the package `sodium-native`. */
  readonly load?: () => Promise<SodiumModule>;
}

async function importSodium(): Promise<SodiumModule> {
  const loaded: { readonly default: SodiumModule } = await import(MODULE);
  return loaded.default;
}

/** The library, once it has shown that it answers by the strict rule. Throws `ERR_CRYPTO_PROVIDER` otherwise. */
async function strictSodium(load: () => Promise<SodiumModule>): Promise<SodiumModule> {
  let sodium: SodiumModule;
  let strict: boolean;
  try {
    sodium = await load();
    strict = STRICT_PROBES.every(
      ({ valid, signature, message, publicKey: key }) =>
        sodium.crypto_sign_verify_detached(signature, message, key) === valid,
    );
  } catch (cause) {
    throw new CryptoError(
      'ERR_CRYPTO_PROVIDER',
      'Expected the optional package sodium-native, but it could not be loaded; install it, or use nodeCrypto()',
      { cause },
    );
  }
  if (!strict) {
    throw new CryptoError(
      'ERR_CRYPTO_PROVIDER',
      'This version of sodium-native verifies ed25519 by another rule than RFC 8032 without a cofactor; ' +
        'install another one, or use nodeCrypto()',
    );
  }
  return sodium;
}

/** Expanded secret keys, kept only as long as the caller keeps the seed they came from. */
function secretKeys(sodium: SodiumModule): (seed: Uint8Array) => Uint8Array {
  const expanded = new WeakMap<Uint8Array, Uint8Array>();
  return (seed) => {
    const known = expanded.get(seed);
    if (known !== undefined && timingSafeEqual(known.subarray(0, 32), seed)) return known;
    const secretKey = new Uint8Array(SECRET_KEY_BYTES);
    sodium.crypto_sign_seed_keypair(new Uint8Array(32), secretKey, seed);
    expanded.set(seed, secretKey);
    return secretKey;
  };
}

/** The threads for the library that `import` finds; none where it cannot be found as a file. */
function threadsFor(options: SodiumCryptoOptions): SodiumThreads | undefined {
  if (options.threads === false || options.load !== undefined) return undefined;
  try {
    return sodiumThreads(createRequire(import.meta.url).resolve(MODULE));
  } catch {
    return undefined;
  }
}

/**
 * The provider over `sodium-native`. Gives the same answers as {@link nodeCrypto}: libsodium is asked only about keys
 * and signatures that may be valid at all, and only after it has shown once that it draws the line where
 * {@link Crypto.ed25519Verify} does. `ed25519VerifyMany` works on threads of its own, as many as there are processors
 * and at most four; with `threads: false`, or a library that was handed in, it works on the calling thread, in slices
 * of some 5 ms. Throws `ERR_CRYPTO_PROVIDER` when the package cannot be loaded or answers by another rule.
 */
export async function sodiumCrypto(options: SodiumCryptoOptions = {}): Promise<Crypto> {
  const sodium = await strictSodium(options.load ?? importSodium);
  const secretKeyOf = secretKeys(sodium);
  const threads = threadsFor(options);

  const isAskable = ({ signature, message, publicKey: key }: VerifyItem): boolean =>
    isAcceptableSignature(signature) && isAcceptablePublicKey(key) && message instanceof Uint8Array;
  const verify = (item: VerifyItem): boolean =>
    isAskable(item) && sodium.crypto_sign_verify_detached(item.signature, item.message, item.publicKey);

  const verifyHere = async (items: readonly VerifyItem[]): Promise<readonly boolean[]> => {
    if (options.threads === false) return items.map(verify);
    const answers: boolean[] = [];
    for (let from = 0; from < items.length; from += VERIFY_HERE) {
      if (from > 0) await setImmediate();
      answers.push(...items.slice(from, from + VERIFY_HERE).map(verify));
    }
    return answers;
  };
  const verifyBatch = async (items: readonly VerifyItem[]): Promise<readonly boolean[]> => {
    const askable = items.map(isAskable);
    const answers = await threads?.verify(items.filter((_, index) => askable[index]));
    if (answers === undefined) return verifyHere(items);
    let next = 0;
    return askable.map((asked) => asked && answers[next++] === true);
  };

  return {
    ...nodeCrypto(options),
    name: 'sodium',
    ed25519PublicKey(seed) {
      expectLength('An ed25519 secret key', seed, 32);
      return publicKey(secretKeyOf(seed).slice(32));
    },
    ed25519Sign(message, seed) {
      expectBytes('A message to sign', message);
      expectLength('An ed25519 secret key', seed, 32);
      const signature = new Uint8Array(64);
      sodium.crypto_sign_detached(signature, message, secretKeyOf(seed));
      return signature;
    },
    ed25519Verify: (signature, message, key) => verify({ signature, message, publicKey: key }),
    async ed25519VerifyMany(items, { signal } = {}) {
      const results: boolean[] = [];
      for (let i = 0; i < items.length; i += VERIFY_BATCH) {
        throwIfAborted(signal);
        results.push(...(await verifyBatch(items.slice(i, i + VERIFY_BATCH))));
      }
      throwIfAborted(signal);
      return results;
    },
  };
}

/** {@link sodiumCrypto} where `sodium-native` is installed and fit, {@link nodeCrypto} everywhere else. Never throws. */
export async function fastestNodeCrypto(options: SodiumCryptoOptions = {}): Promise<Crypto> {
  try {
    return await sodiumCrypto(options);
  } catch {
    return nodeCrypto(options);
  }
}
