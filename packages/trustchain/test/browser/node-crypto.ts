import type { Crypto } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { webCrypto } from '@edmp/interface/crypto/web';

/** In a browser, the provider that tests call `nodeCrypto`: WebCrypto, or noble where no other thread may work. */
export function nodeCrypto(options: { readonly threads?: boolean } = {}): Crypto {
  return options.threads === false ? nobleCrypto() : webCrypto();
}
