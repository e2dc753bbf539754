import type { AbortOptions } from '../abort.ts';
import type { PublicKey, Signature } from '../keys.ts';

/** One signature to check. */
export interface VerifyItem {
  readonly signature: Signature;
  readonly message: Uint8Array;
  readonly publicKey: PublicKey;
}

/** What a sender gets out of an encapsulation. */
export interface Encapsulation {
  /** Known to the sender and to whoever holds the seed of the public key, 32 bytes. */
  readonly sharedSecret: Uint8Array;
  /** What the recipient needs to find it. */
  readonly ciphertext: Uint8Array;
}

/**
 * A key encapsulation mechanism whose secret key is kept as the seed that it grows from. A seed has one public key, so
 * that showing it proves to anybody what the key pair is; expanded secret keys can contradict their public half.
 */
export interface KeyEncapsulation {
  /** Bytes of a seed. */
  readonly seedBytes: number;
  /** Bytes of a public key. */
  readonly publicKeyBytes: number;
  /** Bytes of a ciphertext. */
  readonly ciphertextBytes: number;
  /** Bytes of the randomness of an encapsulation. */
  readonly randomnessBytes: number;
  /** Public key of a seed of random bytes. Throws `ERR_CRYPTO_KEY` when the seed has another length. */
  publicKey(seed: Uint8Array): Uint8Array;
  /**
   * A fresh shared secret for a public key. `randomness` is random bytes that are used for nothing else; without it the
   * provider draws its own, which is faster where a library underneath takes none. The same randomness gives the same
   * answer from every provider. Throws `ERR_CRYPTO_KEY` when the key fails the checks of its standard,
   * `ERR_CRYPTO_LOW_ORDER` when its X25519 half has low order.
   */
  encapsulate(publicKey: Uint8Array, randomness?: Uint8Array): Encapsulation;
  /**
   * The shared secret in a ciphertext. ML-KEM does not tell an altered ciphertext: it then gives another secret (FIPS
   * 203 §6.3). Throws `ERR_CRYPTO_KEY` for wrong lengths, `ERR_CRYPTO_LOW_ORDER` when the X25519 half has low order.
   */
  decapsulate(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array;
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

  /** ML-KEM-768 (FIPS 203): seed 64 bytes (d ‖ z), public key 1 184, ciphertext 1 088, randomness 32. */
  readonly mlKem768: KeyEncapsulation;
  /**
   * X-Wing (draft-connolly-cfrg-xwing-kem): X25519 and ML-KEM-768 in one; seed 32 bytes, public key 1 216, ciphertext
   * 1 120, randomness 64.
   */
  readonly xWing: KeyEncapsulation;

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
