import { expectLength } from './crypto/errors.ts';
import type { Crypto } from './crypto/types.ts';
import type { PublicKey, Signature } from './keys.ts';

/** Signs with one ed25519 key that may live in software, an agent or a hardware module. */
export interface Signer {
  /** The identity that signatures are made for. */
  readonly publicKey: PublicKey;
  /** ed25519 signature over exactly `message` (callers add their own domain separation). */
  sign(message: Uint8Array): Promise<Signature>;
}

/**
 * A {@link Signer} over a 32-byte secret seed held in memory. Throws `ERR_CRYPTO_KEY` on another length.
 *
 * @param options - `crypto` signs; `secretKey` is the 32-byte seed, which is copied.
 *
 * @example
 * ```ts
 * import { softwareSigner, systemEnvironment } from '@edmp/interface';
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 *
 * const crypto = nodeCrypto();
 * const signer = softwareSigner({ crypto, secretKey: systemEnvironment().randomBytes(32) });
 * const message = Uint8Array.of(1, 2, 3);
 * const signature = await signer.sign(message);
 * console.log(crypto.ed25519Verify(signature, message, signer.publicKey)); // true
 * ```
 */
export function softwareSigner(options: { readonly crypto: Crypto; readonly secretKey: Uint8Array }): Signer {
  const { crypto } = options;
  expectLength('An ed25519 secret key', options.secretKey, 32);
  const secretKey = options.secretKey.slice();
  return {
    publicKey: crypto.ed25519PublicKey(secretKey),
    sign: async (message) => crypto.ed25519Sign(message, secretKey),
  };
}
