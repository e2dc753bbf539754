import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concatBytes, equalBytes } from '../bytes.ts';
import { throwIfAborted } from '../errors.ts';
import { publicKey } from '../keys.ts';
import { authenticationError, CryptoError, expectBytes, expectLength, lowOrderError } from './errors.ts';
import { hkdfExpand } from './hkdf.ts';
import { mlKem768Of } from './kem.ts';
import { bareNobleKem } from './noble-kem.ts';
import { isAcceptablePublicKey, isAcceptableSignature } from './strict-ed25519.ts';
import type { Crypto, KeyEncapsulation } from './types.ts';
import { xWingOf } from './x-wing.ts';

const { Point } = ed25519;

/**
 * RFC 8032 §5.1.7 without a cofactor: [S]B − [k]A must encode to exactly the bytes of R. noble's own `verify` checks
 * the equation times 8 and so accepts signatures that OpenSSL refuses.
 */
function verifyStrict(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  const s = bytesToNumberLE(signature.subarray(32));
  const encodedR = signature.subarray(0, 32);
  const k = Point.Fn.create(bytesToNumberLE(sha512(concatBytes(encodedR, key, message))));
  try {
    const difference = Point.BASE.multiplyUnsafe(s).subtract(Point.fromBytes(key).multiplyUnsafe(k));
    return equalBytes(difference.toBytes(), encodedR);
  } catch {
    return false; // the key is not a point on the curve
  }
}

/** X25519 as this provider computes it. */
const exchange: Pick<Crypto, 'x25519' | 'x25519PublicKey'> = {
  x25519PublicKey(secretKey) {
    expectLength('An X25519 secret key', secretKey, 32);
    return x25519.getPublicKey(secretKey);
  },
  x25519(secretKey, key) {
    expectLength('An X25519 secret key', secretKey, 32);
    expectLength('An X25519 public key', key, 32);
    try {
      return x25519.getSharedSecret(secretKey, key);
    } catch (cause) {
      throw lowOrderError(cause);
    }
  },
};

/** The two mechanisms as this provider computes them. */
function encapsulations(): { readonly mlKem768: KeyEncapsulation; readonly xWing: KeyEncapsulation } {
  const mlKem768 = mlKem768Of(bareNobleKem(ml_kem768));
  const xWing = xWingOf({
    ...exchange,
    mlKem768,
    sha3: sha3_256,
    shake256: (data, dkLen) => shake256(data, { dkLen }),
    randomBytes,
  });
  return { mlKem768, xWing };
}

/** The portable provider. */
export function nobleCrypto(): Crypto {
  const provider: Crypto = {
    name: 'noble',
    ...exchange,
    ...encapsulations(),
    sha256(data) {
      expectBytes('Data to hash', data);
      return sha256(data);
    },
    hmacSha256(key, data) {
      expectBytes('An HMAC key', key);
      expectBytes('Data to authenticate', data);
      return hmac(sha256, key, data);
    },
    hkdfExtract: (salt, inputKey) => provider.hmacSha256(salt, inputKey),
    hkdfExpand: (pseudoRandomKey, info, length) =>
      hkdfExpand(provider.hmacSha256, pseudoRandomKey, info, length),
    ed25519PublicKey(secretKey) {
      expectLength('An ed25519 secret key', secretKey, 32);
      return publicKey(ed25519.getPublicKey(secretKey));
    },
    ed25519Sign(message, secretKey) {
      expectBytes('A message to sign', message);
      expectLength('An ed25519 secret key', secretKey, 32);
      return ed25519.sign(message, secretKey);
    },
    ed25519Verify(signature, message, key) {
      if (!isAcceptableSignature(signature) || !isAcceptablePublicKey(key)) return false;
      return message instanceof Uint8Array && verifyStrict(signature, message, key);
    },
    async ed25519VerifyMany(items, options) {
      const results: boolean[] = [];
      for (const { signature, message, publicKey: key } of items) {
        throwIfAborted(options?.signal);
        results.push(provider.ed25519Verify(signature, message, key));
      }
      throwIfAborted(options?.signal);
      return results;
    },
    chacha20Poly1305Seal(key, nonce, plaintext, aad) {
      expectLength('A ChaCha20-Poly1305 key', key, 32);
      expectLength('A ChaCha20-Poly1305 nonce', nonce, 12);
      expectBytes('A plaintext', plaintext);
      expectBytes('Associated data', aad);
      return chacha20poly1305(key, nonce, aad).encrypt(plaintext);
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
        return chacha20poly1305(key, nonce, aad).decrypt(ciphertext);
      } catch (cause) {
        throw authenticationError(cause);
      }
    },
  };
  return provider;
}
