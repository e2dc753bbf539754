// A node in a process of its own, run by libp2p-processes.test.ts. Tells its address on its standard output, serves,
// and stops when asked to over the network; it must then end by itself.
import { bytesToUtf8, systemEnvironment, uint32ToBytes, utf8ToBytes } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { libp2pNetwork } from '@edmp/trustchain/libp2p';

const environment = systemEnvironment();
const network = libp2pNetwork({ environment, crypto: nodeCrypto(), secretKey: environment.randomBytes(32) });

network.handle('/frames', async function* ({ body }) {
  const count = Number(bytesToUtf8(body));
  for (let i = 0; i < count; i++) yield uint32ToBytes(i);
});
// Asks the asker for as many frames and answers how many came in order.
network.handle('/ask-back', async ({ body, from }) => {
  let inOrder = 0;
  for await (const frame of network.request(from, '/frames', body)) {
    if (frame.every((byte, i) => byte === uint32ToBytes(inOrder)[i])) inOrder++;
  }
  return utf8ToBytes(`${inOrder}`);
});
network.handle('/stop', async () => {
  environment.schedule(50, () => void network.stop());
  return new Uint8Array();
});

await network.start();
console.log(network.addresses()[0]);
