/**
 * Crypto provider over `node:crypto` (OpenSSL): the default in Node.
 *
 * @packageDocumentation
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { boundedMap } from '../bounded/bounded-map.ts';
import { concatBytes } from '../bytes.ts';
import { throwIfAborted } from '../errors.ts';
import { publicKey } from '../keys.ts';
import { authenticationError, CryptoError, expectBytes, expectLength, lowOrderError } from './errors.ts';
import { hkdfExpand } from './hkdf.ts';
import { mlKem768Of } from './kem.ts';
import type { NobleMlKem } from './noble-kem.ts';
import { processAead } from './node-aead.ts';
import { nodeKem, nodeSha3 } from './node-kem.ts';
import { isAcceptablePublicKey, isAcceptableSignature } from './strict-ed25519.ts';
import type { Crypto, VerifyItem } from './types.ts';
import { xWingOf } from './x-wing.ts';

export type { NobleMlKem } from './noble-kem.ts';

// DER prefixes of RFC 8410 §7 (PKCS #8 private key) and §4 (SubjectPublicKeyInfo) for Ed25519 and X25519.
const ED25519_PRIVATE = Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex'));
const ED25519_PUBLIC = Uint8Array.from(Buffer.from('302a300506032b6570032100', 'hex'));
const X25519_PRIVATE = Uint8Array.from(Buffer.from('302e020100300506032b656e04220420', 'hex'));
const X25519_PUBLIC = Uint8Array.from(Buffer.from('302a300506032b656e032100', 'hex'));
/** Parsed public keys kept for verification. */
const KEY_CACHE_SIZE = 4096;
/** Verifications handed to the thread pool at once. */
const VERIFY_BATCH = 256;

const privateKeyObject = (prefix: Uint8Array, secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(concatBytes(prefix, secret)), format: 'der', type: 'pkcs8' });
const publicKeyObject = (prefix: Uint8Array, key: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(concatBytes(prefix, key)), format: 'der', type: 'spki' });
const rawPublic = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** Whether OpenSSL may be asked about this signature at all; its equation has no cofactor (RFC 8032 §5.1.7). */
const isAskable = (signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean =>
  isAcceptableSignature(signature) && message instanceof Uint8Array && isAcceptablePublicKey(key);

/** Parsed public keys, the oldest forgotten first. */
function verifyKeyCache(): (key: Uint8Array) => KeyObject {
  const objects = boundedMap<string, KeyObject>({ max: KEY_CACHE_SIZE });
  return (key) => {
    const id = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
    let object = objects.get(id);
    if (object === undefined) {
      object = publicKeyObject(ED25519_PUBLIC, key);
      objects.set(id, object);
    }
    return object;
  };
}

/** Parsed secret keys, kept only as long as the caller keeps the array they came from. Parsing costs more than signing. */
function signKeyCache(): (secretKey: Uint8Array) => KeyObject {
  const objects = new WeakMap<Uint8Array, { readonly secret: Uint8Array; readonly object: KeyObject }>();
  return (secretKey) => {
    const known = objects.get(secretKey);
    if (known !== undefined && timingSafeEqual(known.secret, secretKey)) return known.object;
    const object = privateKeyObject(ED25519_PRIVATE, secretKey);
    objects.set(secretKey, { secret: secretKey.slice(), object });
    return object;
  };
}

/**
 * SHA-256 by way of a string of one character a byte ('binary'): Node 24 takes 1.3 µs to hand out 32 bytes as a buffer, more than hashing
 * them takes, and 0.8 like this; the array lies in the heap, so that nothing waits for the garbage collector either.
 */
function sha256ByString(data: Uint8Array): Uint8Array {
  const text = hash('sha256', data, 'binary');
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i);
  return digest;
}

const sha256ByBuffer = (data: Uint8Array): Uint8Array => plain(hash('sha256', data, 'buffer'));

/** Whether a runtime's one-shot hash gives strings as Node's does. */
function hashesToStrings(): boolean {
  try {
    const data = Uint8Array.of(1, 2, 3);
    return timingSafeEqual(sha256ByString(data), sha256ByBuffer(data));
  } catch {
    return false;
  }
}

const sha256: (data: Uint8Array) => Uint8Array = hashesToStrings() ? sha256ByString : sha256ByBuffer;

/** Bytes under HMAC up to which its two messages are put together in the same place every time. */
const SHORT_BYTES = 256;
const INNER = new Uint8Array(64 + SHORT_BYTES);
const OUTER = new Uint8Array(96);

/** HMAC-SHA-256 out of two one-shot hashes (RFC 2104 §2): several times faster than making an HMAC object each time. */
function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  const short = key.length > 64 ? sha256(key) : key;
  const inner =
    data.length > SHORT_BYTES ? new Uint8Array(64 + data.length) : INNER.subarray(0, 64 + data.length);
  for (let i = 0; i < 64; i++) {
    const byte = short[i] ?? 0;
    inner[i] = byte ^ 0x36;
    OUTER[i] = byte ^ 0x5c;
  }
  inner.set(data, 64);
  OUTER.set(sha256(inner), 64);
  const code = sha256(OUTER);
  // Nothing of a key stays behind.
  inner.fill(0);
  OUTER.fill(0);
  return code;
}

/** X25519 as this provider computes it. */
const exchange: Pick<Crypto, 'x25519' | 'x25519PublicKey'> = {
  x25519PublicKey(secretKey) {
    expectLength('An X25519 secret key', secretKey, 32);
    return rawPublic(privateKeyObject(X25519_PRIVATE, secretKey));
  },
  x25519(secretKey, key) {
    expectLength('An X25519 secret key', secretKey, 32);
    expectLength('An X25519 public key', key, 32);
    const privateKey = privateKeyObject(X25519_PRIVATE, secretKey);
    try {
      return plain(diffieHellman({ privateKey, publicKey: publicKeyObject(X25519_PUBLIC, key) }));
    } catch (cause) {
      throw lowOrderError(cause);
    }
  },
};

/** Options of {@link nodeCrypto}. */
export interface NodeCryptoOptions {
  /**
   * Whether `ed25519VerifyMany` uses the thread pool. Default `true`. Simulations on a virtual clock set `false`:
   * the clock cannot see work on other threads.
   */
  readonly threads?: boolean;
  /**
   * ML-KEM-768 for what the runtime cannot do: all of it before Node 24.7, encapsulation from given randomness
   * everywhere. Default: `ml_kem768` of the optional peer `@noble/post-quantum`, looked for when it is first needed.
   * Programs that are bundled give it here.
   */
  readonly mlKem768?: NobleMlKem;
}

/**
 * The provider over `node:crypto`. Where the runtime's own has no ChaCha20-Poly1305 (Bun), that comes from the optional
 * peer `@noble/ciphers`; throws `ERR_CRYPTO_PROVIDER` when it is not installed either. Where it has no ML-KEM-768 (before
 * Node 24.7), `mlKem768` and `xWing` need the optional peer `@noble/post-quantum`, and say so in the same way when used.
 *
 * @example
 * ```ts
 * import { bytesToHex } from '@edmp/interface';
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 *
 * console.log(bytesToHex(nodeCrypto().sha256(new Uint8Array())).slice(0, 8)); // e3b0c442
 * ```
 */
export function nodeCrypto(options: NodeCryptoOptions = {}): Crypto {
  const aead = processAead();
  const verifyKey = verifyKeyCache();
  const signKey = signKeyCache();

  const verifyInPool = ({ signature, message, publicKey: key }: VerifyItem): Promise<boolean> =>
    new Promise((resolve) => {
      if (!isAskable(signature, message, key)) {
        resolve(false);
        return;
      }
      try {
        verify(null, message, verifyKey(key), signature, (error, result) =>
          resolve(error === null && result),
        );
      } catch {
        resolve(false);
      }
    });

  const verifyHere = ({ signature, message, publicKey: key }: VerifyItem): boolean =>
    provider.ed25519Verify(signature, message, key);

  const mlKem768 = mlKem768Of(nodeKem(options.mlKem768));
  const provider: Crypto = {
    name: 'node',
    ...exchange,
    mlKem768,
    xWing: xWingOf({
      ...exchange,
      mlKem768,
      ...nodeSha3(),
      randomBytes: (length) => plain(randomBytes(length)),
    }),
    sha256(data) {
      expectBytes('Data to hash', data);
      return sha256(data);
    },
    hmacSha256(key, data) {
      expectBytes('An HMAC key', key);
      expectBytes('Data to authenticate', data);
      return hmacSha256(key, data);
    },
    hkdfExtract: (salt, inputKey) => provider.hmacSha256(salt, inputKey),
    hkdfExpand: (pseudoRandomKey, info, length) =>
      hkdfExpand(provider.hmacSha256, pseudoRandomKey, info, length),
    ed25519PublicKey(secretKey) {
      expectLength('An ed25519 secret key', secretKey, 32);
      return publicKey(rawPublic(privateKeyObject(ED25519_PRIVATE, secretKey)));
    },
    ed25519Sign(message, secretKey) {
      expectBytes('A message to sign', message);
      expectLength('An ed25519 secret key', secretKey, 32);
      return plain(sign(null, message, signKey(secretKey)));
    },
    ed25519Verify(signature, message, key) {
      if (!isAskable(signature, message, key)) return false;
      try {
        return verify(null, message, verifyKey(key), signature);
      } catch {
        return false; // not a point on the curve
      }
    },
    async ed25519VerifyMany(items, { signal } = {}) {
      const verifyOne: (item: VerifyItem) => boolean | Promise<boolean> =
        options.threads === false ? verifyHere : verifyInPool;
      const results: boolean[] = [];
      for (let i = 0; i < items.length; i += VERIFY_BATCH) {
        throwIfAborted(signal);
        results.push(...(await Promise.all(items.slice(i, i + VERIFY_BATCH).map(verifyOne))));
      }
      throwIfAborted(signal);
      return results;
    },
    chacha20Poly1305Seal(key, nonce, plaintext, aad) {
      expectLength('A ChaCha20-Poly1305 key', key, 32);
      expectLength('A ChaCha20-Poly1305 nonce', nonce, 12);
      expectBytes('A plaintext', plaintext);
      expectBytes('Associated data', aad);
      return aead.seal(key, nonce, plaintext, aad);
    },
    chacha20Poly1305Open(key, nonce, ciphertext, aad) {
      expectLength('A ChaCha20-Poly1305 key', key, 32);
      expectLength('A ChaCha20-Poly1305 nonce', nonce, 12);
      expectBytes('A ciphertext', ciphertext);
      expectBytes('Associated data', aad);
      if (ciphertext.length < 16) {
        throw new CryptoError(
          'ERR_CRYPTO_AUTHENTICATION',
          `A ciphertext has at least 16 bytes, got ${ciphertext.length}`,
        );
      }
      try {
        return aead.open(key, nonce, ciphertext, aad);
      } catch (cause) {
        throw authenticationError(cause);
      }
    },
  };
  return provider;
}
