import type { AbortOptions } from '../abort.ts';
import type { PublicKey, Signature } from '../keys.ts';

/** One signature to check. */
export interface VerifyItem {
  readonly signature: Signature;
  readonly message: Uint8Array;
  readonly publicKey: PublicKey;
}

/**
 * The cryptographic primitives that EDMP needs, with one answer whichever provider computes it.
 *
 * Every provider passes the suite `cryptoSuite` of `@edmp/testing`.
 */
export interface Crypto {
  /** Provider name, e.g. `node` or `noble`. */
  readonly name: string;

  /** SHA-256 (FIPS 180-4), 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** HMAC-SHA-256 (RFC 2104), 32 bytes. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** HKDF-Extract with SHA-256 (RFC 5869 §2.2), 32 bytes. */
  hkdfExtract(salt: Uint8Array, inputKey: Uint8Array): Uint8Array;
  /** HKDF-Expand with SHA-256 (RFC 5869 §2.3). Throws `ERR_INVALID_ARGUMENT` when `length` > 8160. */
  hkdfExpand(pseudoRandomKey: Uint8Array, info: Uint8Array, length: number): Uint8Array;

  /** Public key of a 32-byte ed25519 secret seed (RFC 8032 §5.1.5). */
  ed25519PublicKey(secretKey: Uint8Array): PublicKey;
  /** Deterministic ed25519 signature (RFC 8032 §5.1.6). */
  ed25519Sign(message: Uint8Array, secretKey: Uint8Array): Signature;
  /**
   * Strict ed25519 verification: the equation of RFC 8032 §5.1.7 without a cofactor, `S` < L, canonical point
   * encodings, neither public key nor `R` of small order. Never throws on bad input: the answer is `false`.
   */
  ed25519Verify(signature: Signature, message: Uint8Array, publicKey: PublicKey): boolean;
  /** {@link Crypto.ed25519Verify} for many items, off the main thread where the provider can. Answers in order. */
  ed25519VerifyMany(items: readonly VerifyItem[], options?: AbortOptions): Promise<readonly boolean[]>;

  /** Public key of a 32-byte X25519 secret (RFC 7748 §6.1). */
  x25519PublicKey(secretKey: Uint8Array): Uint8Array;
  /** X25519 shared secret, 32 bytes. Throws `ERR_CRYPTO_LOW_ORDER` when the result is all zero (RFC 7748 §6.1). */
  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array;

  /** ChaCha20-Poly1305 (RFC 8439 §2.8): ciphertext followed by the 16-byte tag. Key 32 bytes, nonce 12 bytes. */
  chacha20Poly1305Seal(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array;
  /** Opens what {@link Crypto.chacha20Poly1305Seal} made. Throws `ERR_CRYPTO_AUTHENTICATION` when anything was altered. */
  chacha20Poly1305Open(
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array;
}
