import { nodeCrypto } from '@edmp/interface/crypto/node';

export const crypto = nodeCrypto();
