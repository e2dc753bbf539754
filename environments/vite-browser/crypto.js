import { nobleCrypto } from '@edmp/interface/crypto/noble';

export const crypto = nobleCrypto();
