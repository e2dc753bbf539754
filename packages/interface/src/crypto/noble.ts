/**
 * Crypto provider in portable JavaScript over the optional peers `@noble/curves`, `@noble/hashes` and `@noble/ciphers`:
 * for browsers, and the second opinion against which the provider of Node is tested. Importing it where one of them is
 * missing throws `ERR_CRYPTO_PROVIDER`, which says what to install; a bundler for browsers says that itself.
 *
 * @packageDocumentation
 */
import { isMissingNoble, missingNoble, NOBLE_PEERS } from './noble-peers.ts';
import type * as portable from './portable.ts';
import type { Crypto } from './types.ts';

const loaded: typeof portable = await import('./portable.ts').catch((cause: unknown) => {
  throw isMissingNoble(cause) ? missingNoble('@edmp/interface/crypto/noble', NOBLE_PEERS, cause) : cause;
});

/**
 * The portable provider.
 *
 * @example
 * ```ts
 * import { nobleCrypto } from '@edmp/interface/crypto/noble';
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 *
 * const message = Uint8Array.of(1, 2, 3);
 * console.log(String(nobleCrypto().sha256(message)) === String(nodeCrypto().sha256(message))); // true
 * ```
 */
export const nobleCrypto: () => Crypto = loaded.nobleCrypto;
