import { nodeCrypto } from '@edmp/interface/crypto/node';
import { verifyTransactionChain } from '@edmp/oehu-client/oehu';
import { expect, it } from 'vitest';
import { deviceKey, signTransaction } from '../src/emulator/signer.ts';
import { DRIVER } from './support/driver-transactions.ts';

// The driver's signatures are deterministic, so both signers have to agree to the last byte.
it('signs byte for byte as the reference driver does, and the client verifies it', async () => {
  const key = deviceKey('oehu-emulator vector 0');
  expect([key.text, key.uri]).toEqual([DRIVER.publicKey, DRIVER.create.outputs[0]?.condition.uri]);
  const data = { id: 'id:3b959424:devices:00000000-0000-4000-8000-000000000001', schema: 'OEHU device' };
  const create = signTransaction(key, { data }, null, { deviceType: 'OEHU', occupants: '2', lastUpdate: 0 });
  expect(create).toEqual(DRIVER.create);
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
  expect(transfer).toEqual(DRIVER.transfer);
  const chain = await verifyTransactionChain([create, transfer], {
    crypto: nodeCrypto(),
    create,
    pinnedKey: DRIVER.publicKey,
  });
  expect(chain.level).toBe('anchored');
});
