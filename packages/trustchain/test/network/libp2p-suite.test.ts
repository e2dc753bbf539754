import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { networkSuite } from '@edmp/testing';
import { libp2pNetwork } from '@edmp/trustchain/libp2p';
import { connectAll } from './support.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();

networkSuite({
  name: 'libp2p over TCP on loopback',
  async create(count, topology) {
    const networks = Array.from({ length: count }, () =>
      libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) }),
    );
    await Promise.all(networks.map((network) => network.start()));
    await connectAll(networks, topology);
    return {
      networks,
      environment,
      close: async () => {
        await Promise.all(networks.map((network) => network.stop()));
      },
    };
  },
});
