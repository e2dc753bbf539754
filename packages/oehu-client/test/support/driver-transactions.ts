// Made once with npm bigchaindb-driver 4.3.0 from the key and content of `emulator-signer.test.ts`.
const PUBLIC_KEY = 'HLWrqcUR2fAKRF3sBbQnww54AqZYwjx6iHRS7EcsvaFJ';
const CREATE_ID = 'd7d4204d3e52f4b00943ad8b0484a446810ffd4ca93ccbf7d25473e146d64be8';
const OUTPUTS = [
  {
    amount: '1',
    condition: {
      details: { public_key: PUBLIC_KEY, type: 'ed25519-sha-256' },
      uri: 'ni:///sha-256;QCw3R1DACzjKSOP3RmaqyjrWysDjjMJhf9upTKKO1Co?fpt=ed25519-sha-256&cost=131072',
    },
    public_keys: [PUBLIC_KEY],
  },
];

/** A device's first two transactions as the reference driver signed them. */
export const DRIVER = {
  publicKey: PUBLIC_KEY,
  create: {
    asset: {
      data: { id: 'id:3b959424:devices:00000000-0000-4000-8000-000000000001', schema: 'OEHU device' },
    },
    id: CREATE_ID,
    inputs: [
      {
        fulfillment:
          'pGSAIPK6ycanbYsXly6HXt9ipz-uoGUgGliNvaWmiQcAM5JpgUAGGWuOL-wDBKykxzb5q6M0JR3tJsnPtpNBJrVHp4gtbSvbgEESjQQsQhiaWTNdR9DRDNjTugxT7-b8KYp4UlQF',
        fulfills: null,
        owners_before: [PUBLIC_KEY],
      },
    ],
    metadata: { deviceType: 'OEHU', lastUpdate: 0, occupants: '2' },
    operation: 'CREATE',
    outputs: OUTPUTS,
    version: '2.0',
  },
  transfer: {
    asset: { id: CREATE_ID },
    id: '25d8eff7aee9888be99a3def1a1b95122cceb6ca2ce962d17ad5df6c536532ca',
    inputs: [
      {
        fulfillment:
          'pGSAIPK6ycanbYsXly6HXt9ipz-uoGUgGliNvaWmiQcAM5JpgUALS3wezgkZsl8JJMtzxTOD0XmJHprh8K3hcJC6qzHv3Jc7X1sNwNtm0QLZJ9WT4Iynq2dajoICwAJmjB-BPjkH',
        fulfills: { output_index: 0, transaction_id: CREATE_ID },
        owners_before: [PUBLIC_KEY],
      },
    ],
    metadata: {
      deviceType: 'OEHU',
      electricityDelivered: { tariff1: 1.601, tariff2: 0, total: 1.601 },
      electricityReceived: { tariff1: 184.085, tariff2: 168.272, total: 352.357 },
      gasReceived: null,
      householdType: 'Hëuse €',
      lastUpdate: 1_548_547_261_000,
      location: { coordinates: ['51.92', 4.45], type: 'Point' },
      locationAccuracy: '3000',
      occupants: 2,
    },
    operation: 'TRANSFER',
    outputs: OUTPUTS,
    version: '2.0',
  },
} as const;
