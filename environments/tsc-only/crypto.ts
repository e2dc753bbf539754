import type { Crypto } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';

export const crypto: Crypto = nodeCrypto();
