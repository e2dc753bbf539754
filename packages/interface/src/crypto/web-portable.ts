import { boundedMap } from '../bounded/bounded-map.ts';
import { bytesToHex, concatBytes, hexToBytes } from '../bytes.ts';
import { throwIfAborted } from '../errors.ts';
import { type Signer, softwareSigner } from '../signer.ts';
import { expectBytes, expectLength } from './errors.ts';
import { nobleCrypto } from './portable.ts';
import { isAcceptablePublicKey, isAcceptableSignature } from './strict-ed25519.ts';
import { STRICT_PROBES } from './strict-probes.ts';
import type { Crypto, VerifyItem } from './types.ts';

/** Imported public keys kept for verification. */
const KEY_CACHE_SIZE = 4096;
/** Verifications handed to WebCrypto at once. */
const VERIFY_BATCH = 256;
const ED25519 = 'Ed25519';
/** DER before the seed of a private key (RFC 8410 §7). */
const PRIVATE_KEY_PREFIX = hexToBytes('302e020100300506032b657004220420');

/** The part of `SubtleCrypto` that is used; keys are opaque. */
export interface WebSubtle {
  importKey(
    format: 'raw' | 'pkcs8',
    key: Uint8Array<ArrayBuffer>,
    algorithm: string,
    extractable: boolean,
    usages: ('sign' | 'verify')[],
  ): Promise<unknown>;
  verify(
    algorithm: string,
    key: never,
    signature: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>;
  sign(algorithm: string, key: never, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
}

/** Options of {@link webCrypto}. */
export interface WebCryptoOptions {
  /** Default: `globalThis.crypto.subtle`, which pages outside a secure context lack. */
  readonly subtle?: WebSubtle;
}

/** Options of {@link webSigner}. */
export interface WebSignerOptions extends WebCryptoOptions {
  /** 32-byte secret seed. It is not kept: wipe it when the signer is there. */
  readonly secretKey: Uint8Array;
}

const defaultSubtle = (): WebSubtle | undefined =>
  (globalThis as { readonly crypto?: { readonly subtle?: WebSubtle } }).crypto?.subtle;

/** WebCrypto's types want an ArrayBuffer behind a view; it refuses any other at run time, and noble answers then. */
const buffered = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;

/** Imported public keys, the oldest forgotten first. */
function importedKeys(subtle: WebSubtle): (key: Uint8Array) => Promise<unknown> {
  const imported = boundedMap<string, Promise<unknown>>({ max: KEY_CACHE_SIZE });
  return (key) => {
    const id = bytesToHex(key);
    const known = imported.get(id);
    if (known !== undefined) return known;
    const fresh = subtle.importKey('raw', buffered(key.slice()), ED25519, false, ['verify']);
    imported.set(id, fresh);
    return fresh;
  };
}

/** Verifies by WebCrypto alone; rejects when WebCrypto does. */
function verifier(subtle: WebSubtle): (item: VerifyItem) => Promise<boolean> {
  const importKey = importedKeys(subtle);
  return async ({ signature, message, publicKey: key }) =>
    subtle.verify(ED25519, (await importKey(key)) as never, buffered(signature), buffered(message));
}

/** Whether WebCrypto has Ed25519 and answers {@link STRICT_PROBES} by the strict rule. */
async function isStrict(subtle: WebSubtle): Promise<boolean> {
  try {
    const verify = verifier(subtle);
    const answers = await Promise.all(STRICT_PROBES.map(verify));
    return STRICT_PROBES.every(({ valid }, index) => answers[index] === valid);
  } catch {
    return false;
  }
}

/**
 * The provider for browsers. `ed25519VerifyMany` uses WebCrypto once it has shown, on first use, that it knows Ed25519
 * and draws the line where {@link Crypto.ed25519Verify} does; everything else, and every browser that fails this, is
 * served by `nobleCrypto`. What WebCrypto refuses to compute is computed by noble too, so a failing browser never
 * makes a good signature look bad.
 */
export function webCrypto(options: WebCryptoOptions = {}): Crypto {
  const portable = nobleCrypto();
  const subtle = options.subtle ?? defaultSubtle();
  if (subtle === undefined) return { ...portable, name: 'web' };
  const ask = verifier(subtle);
  let strict: Promise<boolean> | undefined;

  const verifyOne = async (item: VerifyItem): Promise<boolean> => {
    const { signature, message, publicKey: key } = item;
    if (!isAcceptableSignature(signature) || !isAcceptablePublicKey(key)) return false;
    if (!(message instanceof Uint8Array)) return false;
    try {
      return await ask(item);
    } catch {
      return portable.ed25519Verify(signature, message, key);
    }
  };

  return {
    ...portable,
    name: 'web',
    async ed25519VerifyMany(items, verifyOptions = {}) {
      throwIfAborted(verifyOptions.signal);
      strict ??= isStrict(subtle);
      if (!(await strict)) return portable.ed25519VerifyMany(items, verifyOptions);
      const results: boolean[] = [];
      for (let i = 0; i < items.length; i += VERIFY_BATCH) {
        throwIfAborted(verifyOptions.signal);
        results.push(...(await Promise.all(items.slice(i, i + VERIFY_BATCH).map(verifyOne))));
      }
      throwIfAborted(verifyOptions.signal);
      return results;
    },
  };
}

/**
 * A {@link Signer} whose secret key WebCrypto holds and does not give out again. Where WebCrypto has no Ed25519 it is a
 * `softwareSigner`. Signatures need not be deterministic (Safari's are not), which half blocks do not rely on.
 * Throws `ERR_CRYPTO_KEY` when `secretKey` has another length than 32 bytes.
 */
export async function webSigner(options: WebSignerOptions): Promise<Signer> {
  expectLength('An ed25519 secret key', options.secretKey, 32);
  const portable = nobleCrypto();
  const subtle = options.subtle ?? defaultSubtle();
  const secretKey = options.secretKey.slice();
  if (subtle === undefined || !(await isStrict(subtle))) {
    return softwareSigner({ crypto: portable, secretKey });
  }
  const pkcs8 = concatBytes(PRIVATE_KEY_PREFIX, secretKey);
  const key = await subtle.importKey('pkcs8', buffered(pkcs8), ED25519, false, ['sign']);
  const own = portable.ed25519PublicKey(secretKey);
  pkcs8.fill(0);
  secretKey.fill(0);
  return {
    publicKey: own,
    async sign(message) {
      expectBytes('A message to sign', message);
      return new Uint8Array(await subtle.sign(ED25519, key as never, buffered(message)));
    },
  };
}
