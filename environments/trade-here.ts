import { nodeCrypto } from '@edmp/interface/crypto/node';
import { trade } from './trade.ts';

console.log(await trade(nodeCrypto()));
