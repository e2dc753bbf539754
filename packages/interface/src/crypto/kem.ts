import { CryptoError, expectLength } from './errors.ts';
import type { Encapsulation, KeyEncapsulation } from './types.ts';

/** Lengths of ML-KEM-768 (FIPS 203, table 3; the seed is d ‖ z, the randomness m). */
export const ML_KEM_768_SIZES = {
  seedBytes: 64,
  publicKeyBytes: 1_184,
  ciphertextBytes: 1_088,
  randomnessBytes: 32,
} as const;

/** ML-KEM-768 on arguments whose lengths were checked. */
export interface BareKem {
  publicKey(seed: Uint8Array): Uint8Array;
  /** Throws anything when the key fails the check of FIPS 203 §7.2. */
  encapsulate(publicKey: Uint8Array, randomness: Uint8Array | undefined): Encapsulation;
  decapsulate(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array;
}

/** Checks lengths and gives every provider the same errors. */
export function mlKem768Of(bare: BareKem): KeyEncapsulation {
  const { seedBytes, publicKeyBytes, ciphertextBytes, randomnessBytes } = ML_KEM_768_SIZES;
  return {
    ...ML_KEM_768_SIZES,
    publicKey(seed) {
      expectLength('An ML-KEM-768 seed', seed, seedBytes);
      return bare.publicKey(seed);
    },
    encapsulate(publicKey, randomness) {
      expectLength('An ML-KEM-768 public key', publicKey, publicKeyBytes);
      if (randomness !== undefined) expectLength('The randomness of ML-KEM-768', randomness, randomnessBytes);
      try {
        return bare.encapsulate(publicKey, randomness);
      } catch (cause) {
        // A library that is missing is not a key that is wrong.
        if (cause instanceof CryptoError) throw cause;
        throw new CryptoError(
          'ERR_CRYPTO_KEY',
          'This is not an ML-KEM-768 public key: a coefficient is not below 3329 (FIPS 203 §7.2); ask the peer for another key',
          { cause },
        );
      }
    },
    decapsulate(seed, ciphertext) {
      expectLength('An ML-KEM-768 seed', seed, seedBytes);
      expectLength('An ML-KEM-768 ciphertext', ciphertext, ciphertextBytes);
      return bare.decapsulate(seed, ciphertext);
    },
  };
}
