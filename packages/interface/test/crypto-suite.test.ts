import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { cryptoSuite } from '@edmp/interface/testing';

cryptoSuite({ name: 'node', create: nodeCrypto });
cryptoSuite({ name: 'noble', create: nobleCrypto });
