import { sleep, softwareSigner, utf8ToBytes, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';

const environment = virtualEnvironment({ seed: 42 });
const crypto = nodeCrypto({ threads: false });
const signer = softwareSigner({ crypto, secretKey: environment.randomBytes(32) });

const message = utf8ToBytes('a day of readings for 5 DUM1');
const signature = await signer.sign(message);
console.log('valid:', crypto.ed25519Verify(signature, message, signer.publicKey));

const start = environment.now();
await environment.run(sleep(environment, 3_600_000));
console.log('an hour has passed:', environment.now() - start === 3_600_000);
