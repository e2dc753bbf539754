import { bytesToHex, softwareSigner } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';

const crypto = nodeCrypto();
const signer = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(7) });
const message = new TextEncoder().encode('a day of smart-meter data');
const signature = await signer.sign(message);
console.log(bytesToHex(signer.publicKey));
console.log(crypto.ed25519Verify(signature, message, signer.publicKey));
