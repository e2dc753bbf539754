import { systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { type NetworkHarness, type NetworkTopology, networkSuite } from '@edmp/testing';
import { memoryHub } from './support/memory-network.ts';

async function harness(
  environment: NetworkHarness['environment'],
  count: number,
  topology: NetworkTopology,
  drive: NonNullable<NetworkHarness['drive']>,
): Promise<NetworkHarness> {
  const hub = memoryHub(environment);
  const networks = Array.from({ length: count }, (_, i) => hub.network(i));
  const pairs = networks.flatMap((_, i) =>
    networks.map((_, j) => [i, j] as const).filter(([a, b]) => (topology === 'mesh' ? a < b : b === a + 1)),
  );
  for (const [i, j] of topology === 'none' ? [] : pairs) {
    await drive(networks[i]!.connect(networks[j]!.addresses()[0]!));
  }
  const close = async (): Promise<void> => {
    for (const network of networks) await network.stop();
  };
  return { networks, environment, drive, close };
}

networkSuite({
  name: 'in-memory double, virtual clock',
  create(count, topology) {
    const environment = virtualEnvironment();
    return harness(environment, count, topology, (body) => environment.run(body));
  },
});

networkSuite({
  name: 'in-memory double, real clock',
  create: (count, topology) => harness(systemEnvironment(), count, topology, (body) => body),
});
