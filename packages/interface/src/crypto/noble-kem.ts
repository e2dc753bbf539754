import type { BareKem } from './kem.ts';

/** The part of `ml_kem768` of `@noble/post-quantum` that is used. */
export interface NobleMlKem {
  keygen(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  encapsulate(
    publicKey: Uint8Array,
    randomness?: Uint8Array,
  ): { readonly cipherText: Uint8Array; readonly sharedSecret: Uint8Array };
  decapsulate(ciphertext: Uint8Array, secretKey: Uint8Array): Uint8Array;
}

/** ML-KEM-768 in portable JavaScript. */
export function bareNobleKem(mlKem: NobleMlKem): BareKem {
  return {
    publicKey: (seed) => mlKem.keygen(seed).publicKey,
    encapsulate(publicKey, randomness) {
      const { cipherText, sharedSecret } = mlKem.encapsulate(publicKey, randomness);
      return { ciphertext: cipherText, sharedSecret };
    },
    decapsulate: (seed, ciphertext) => mlKem.decapsulate(ciphertext, mlKem.keygen(seed).secretKey),
  };
}
