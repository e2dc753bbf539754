import { nodeCrypto } from '@edmp/interface/crypto/node';
import { verifyChain } from '@edmp/oehu-client';
import { expect, it } from 'vitest';
import { deviceKey, signTransaction } from '../src/emulator/signer.ts';

// Made once with npm bigchaindb-driver 4.3.0 from the same key and content. Its signatures are deterministic, so both
// signers have to agree to the last byte.
const DRIVER = {
  publicKey: 'HLWrqcUR2fAKRF3sBbQnww54AqZYwjx6iHRS7EcsvaFJ',
  create: {
    id: 'd7d4204d3e52f4b00943ad8b0484a446810ffd4ca93ccbf7d25473e146d64be8',
    fulfillment:
      'pGSAIPK6ycanbYsXly6HXt9ipz-uoGUgGliNvaWmiQcAM5JpgUAGGWuOL-wDBKykxzb5q6M0JR3tJsnPtpNBJrVHp4gtbSvbgEESjQQsQhiaWTNdR9DRDNjTugxT7-b8KYp4UlQF',
    uri: 'ni:///sha-256;QCw3R1DACzjKSOP3RmaqyjrWysDjjMJhf9upTKKO1Co?fpt=ed25519-sha-256&cost=131072',
  },
  transfer: {
    id: '25d8eff7aee9888be99a3def1a1b95122cceb6ca2ce962d17ad5df6c536532ca',
    fulfillment:
      'pGSAIPK6ycanbYsXly6HXt9ipz-uoGUgGliNvaWmiQcAM5JpgUALS3wezgkZsl8JJMtzxTOD0XmJHprh8K3hcJC6qzHv3Jc7X1sNwNtm0QLZJ9WT4Iynq2dajoICwAJmjB-BPjkH',
  },
};

it('signs byte for byte as the reference driver does, and the client verifies it', async () => {
  const key = deviceKey('oehu-emulator vector 0');
  expect([key.text, key.uri]).toEqual([DRIVER.publicKey, DRIVER.create.uri]);
  const data = { id: 'id:3b959424:devices:00000000-0000-4000-8000-000000000001', schema: 'OEHU device' };
  const create = signTransaction(key, { data }, null, { deviceType: 'OEHU', occupants: '2', lastUpdate: 0 });
  expect([create.id, create.inputs[0]?.fulfillment]).toEqual([DRIVER.create.id, DRIVER.create.fulfillment]);
  const transfer = signTransaction(key, { id: create.id }, create.id, {
    deviceType: 'OEHU',
    electricityReceived: { tariff1: 184.085, tariff2: 168.272, total: 352.357 },
    electricityDelivered: { total: 1.601, tariff1: 1.601, tariff2: 0 },
    gasReceived: null,
    householdType: 'Hëuse €',
    location: { type: 'Point', coordinates: ['51.92', 4.45] },
    locationAccuracy: '3000',
    occupants: 2,
    lastUpdate: 1_548_547_261_000,
  });
  expect([transfer.id, transfer.inputs[0]?.fulfillment]).toEqual([
    DRIVER.transfer.id,
    DRIVER.transfer.fulfillment,
  ]);
  const chain = await verifyChain([create, transfer], {
    crypto: nodeCrypto(),
    create,
    pinnedKey: DRIVER.publicKey,
  });
  expect(chain.level).toBe('anchored');
});
