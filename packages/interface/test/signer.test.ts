import { softwareSigner } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { signerSuite } from '@edmp/testing';

const secretKey = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
const verifier = nobleCrypto();
for (const crypto of [nodeCrypto({ threads: false }), nobleCrypto()]) {
  signerSuite({
    name: `software, ${crypto.name}`,
    crypto: verifier,
    create: async () => softwareSigner({ crypto, secretKey }),
  });
}
