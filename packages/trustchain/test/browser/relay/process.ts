import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { libp2pNetwork, relayServer } from '@edmp/trustchain/libp2p';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { webSockets } from '@libp2p/websockets';

/** A relay for the pages of the browser's tests: prints its address, and ends with its standard input. */
const environment = systemEnvironment();
const network = libp2pNetwork({
  environment,
  crypto: nodeCrypto(),
  secretKey: environment.randomBytes(32),
  listen: ['/ip4/127.0.0.1/tcp/0/ws'],
  transports: [webSockets(), circuitRelayTransport()],
  services: { relay: relayServer({ environment }) },
});
await network.start();
process.stdout.write(`${network.addresses()[0]}\n`);
process.stdin.resume().once('end', () => void network.stop());
