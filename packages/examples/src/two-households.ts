import { createSettlement, memoryContentStore } from '@edmp/data-settlement';
import { memoryKeyValueStore, softwareSigner, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createMarket, price } from '@edmp/market';
import { branch, type BranchOptions } from '@edmp/oehu-client';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { simulatedNetworks } from '@edmp/trustchain/simulated';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const networks = simulatedNetworks({ environment, seed: 1 });

async function trader() {
  const signer = softwareSigner({ crypto, secretKey: environment.randomBytes(32) });
  const network = networks.create({ key: signer.publicKey });
  await network.start();
  const trustchain = await createTrustchain({ signer, crypto, environment, network, store: memoryBlockStore() });
  const records = memoryKeyValueStore();
  const content = memoryContentStore({ crypto, environment });
  const settlement = createSettlement({ crypto, environment, network, content, secrets: records });
  const market = await createMarket({ trustchain, network, settlement, environment, crypto, signer, records });
  return { network, settlement, market };
}
