/**
 * Crypto provider for browsers: the portable one, with signatures verified in batches by WebCrypto, off the main
 * thread and several times faster, where the browser has Ed25519 and answers by the strict rule. Importing it where one
 * of the optional peers `@noble/*` is missing throws `ERR_CRYPTO_PROVIDER`, which says what to install; a bundler for
 * browsers says that itself.
 *
 * @packageDocumentation
 */
import type { Signer } from '../signer.ts';
import { isMissingNoble, missingNoble, NOBLE_PEERS } from './noble-peers.ts';
import type { Crypto } from './types.ts';
import type * as webPortable from './web-portable.ts';
import type { WebCryptoOptions, WebSignerOptions } from './web-portable.ts';

export type { WebCryptoOptions, WebSignerOptions, WebSubtle } from './web-portable.ts';

const loaded: typeof webPortable = await import('./web-portable.ts').catch((cause: unknown) => {
  throw isMissingNoble(cause) ? missingNoble('@edmp/interface/crypto/web', NOBLE_PEERS, cause) : cause;
});

/**
 * The provider for browsers. `ed25519VerifyMany` uses WebCrypto once it has shown that it knows Ed25519 and answers by
 * the strict rule; everything else, and every browser that fails this, is served by `nobleCrypto`.
 *
 * @example
 * ```ts
 * import { webCrypto } from '@edmp/interface/crypto/web';
 *
 * const crypto = webCrypto();
 * console.log(crypto.sha256(Uint8Array.of(1)).length); // 32
 * ```
 */
export const webCrypto: (options?: WebCryptoOptions) => Crypto = loaded.webCrypto;
/**
 * A `Signer` whose secret key WebCrypto holds and does not give out again; a `softwareSigner` where WebCrypto has no
 * Ed25519. Throws `ERR_CRYPTO_KEY` when `secretKey` has another length than 32 bytes.
 */
export const webSigner: (options: WebSignerOptions) => Promise<Signer> = loaded.webSigner;
