import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { cryptoSuite } from '@edmp/testing';

cryptoSuite({ name: 'node', create: () => nodeCrypto() });
cryptoSuite({ name: 'node on one thread', create: () => nodeCrypto({ threads: false }) });
cryptoSuite({ name: 'noble', create: nobleCrypto });
