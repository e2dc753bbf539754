import type { Crypto } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { webCrypto } from '@edmp/interface/crypto/web';

/** In a browser, the provider that tests call `nodeCrypto`: WebCrypto, or noble where no other thread may work. */
export function nodeCrypto(options: { readonly threads?: boolean } = {}): Crypto {
  return options.threads === false ? nobleCrypto() : webCrypto();
}

/** In a browser there is no libsodium of Node: tests over it get the portable provider. */
export const sodiumCrypto = (): Promise<Crypto> => Promise.resolve(nobleCrypto());
