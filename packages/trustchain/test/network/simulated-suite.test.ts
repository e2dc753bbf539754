import { virtualEnvironment } from '@edmp/interface';
import { networkSuite } from '@edmp/testing';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { connectAll } from './support.ts';

networkSuite({
  name: 'simulated, virtual clock',
  async create(count, topology) {
    const environment = virtualEnvironment();
    const simulation = simulatedNetworks({ environment, seed: 7 });
    const networks = Array.from({ length: count }, () => simulation.create());
    await Promise.all(networks.map((network) => network.start()));
    await environment.run(connectAll(networks, topology));
    return {
      networks,
      environment,
      drive: (body) => environment.run(body),
      close: async () => {
        await Promise.all(networks.map((network) => network.stop()));
      },
    };
  },
});
