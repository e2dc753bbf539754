import type { OperationName } from './operation.ts';

/** What is sent and what comes back, as JSON has it. */
export interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Absent where the answer is a file. */
  readonly response?: unknown;
}

const ASSET = 'EWbafyreigq4zoqbsvqxbjh5mf4ekbxvxo3fkkv2yj3xeoyhyemhgbotxm7i';
const ASK = 'bafyreih2p3xw6gzkzy6uy3dy6dcn7ix4m6vvkpiy5e5vdl5zxkyiq7mwla';
const BID = 'bafyreibm6qz7vjqzv5rj4kqv3v5n4mxqgvsyf2u5f3x6wq7n2dkpcl5afm';
const TRADE = '3f2a91c40b7de815aa0c6d7e2b914f58';
const ANNA = 'a1'.repeat(32);
const BEN = 'b2'.repeat(32);
const WITNESS = 'c3'.repeat(32);
const DAY = { from: '2026-01-05', to: '2026-01-05' };
const WHAT = { commodity: 'electricity', flow: 'import', step: 'PT1H' };
const NOW = 1_767_700_800_000;
const HOUR = 3_600_000;

const descriptor = {
  ...WHAT,
  ...DAY,
  unit: 'uKWh',
  zone: 'Europe/Amsterdam',
  count: 24,
  gaps: 0,
  cell: 'u15p',
  household: null,
  attestation: 'signed',
  verified: 24,
  pseudonym: '0f'.repeat(16),
  licence: 'EDMP-personal-1',
  purposes: ['research'],
  consent: 'd4'.repeat(32),
  title: 'A winter Monday',
};
const curve = {
  ...WHAT,
  unit: 'uKWh',
  zone: 'Europe/Amsterdam',
  start: 1_767_567_600_000,
  values: [312_000, 298_000, null],
  attestation: 'signed',
  verified: 2,
};
const price = { price: '10', currency: 'DUM1', currencyLabel: 'DUM1' };
const listing = {
  order: ASK,
  asset: ASSET,
  seller: ANNA,
  own: false,
  descriptor,
  ...price,
  remaining: 1,
  listed: NOW,
  expires: NOW + HOUR,
};
const book = {
  order: ASK,
  side: 'ask',
  number: 7,
  trader: ANNA,
  asset: ASSET,
  ...price,
  quantity: 1,
  filled: 0,
  created: NOW,
  expires: NOW + HOUR,
};
const { trader: _, ...bookOfOwn } = book;
const ask = { ...bookOfOwn, reserved: 0, status: 'open', aside: [] };
const bid = { ...ask, order: BID, side: 'bid', number: 4 };
const trade = {
  id: TRADE,
  role: 'buyer',
  asset: ASSET,
  order: BID,
  partner: ANNA,
  partnerOrder: ASK,
  ...price,
  state: 'completed',
  stateText: 'The data was delivered and is paid.',
  final: true,
  witnesses: [WITNESS],
  failed: null,
  steps: [{ name: 'trade-proposal', at: NOW, block: ASK, signedBy: 'seller' }],
  atRisk: '0',
  started: NOW,
  updated: NOW + 2_000,
};
const mount = {
  name: 'cellar',
  kind: 'p1-tcp',
  address: 'tcp://192.168.1.30:2001',
  state: 'live',
  problem: null,
  heard: NOW,
  silentSince: null,
  live: { meter: 'cellar', at: NOW, importW: 412, exportW: 0 },
  oldest: NOW - HOUR,
  newest: NOW,
};
const imported = {
  format: 'csv',
  added: 1_440,
  corrected: 0,
  duplicates: 0,
  outdated: 0,
  impossible: 0,
  issues: [],
};
const currency = {
  id: 'DUM1',
  label: 'DUM1',
  name: 'DUM1',
  precision: 0,
  test: true,
  issuer: null,
  notaries: [],
  own: false,
  chosen: true,
  block: null,
};
const sun = {
  ...currency,
  id: ASK,
  label: 'SUN',
  name: 'SUN·a1a1a1a1a1a1a1a1',
  test: false,
  issuer: ANNA,
  notaries: [WITNESS],
  own: true,
  block: 'a0',
};
const block = {
  id: ASK,
  author: ANNA,
  seq: 7,
  prev: BID,
  peer: null,
  link: null,
  type: 'market/ask',
  time: NOW,
  level: 'valid',
  bytes: 380,
};
const consent = {
  id: '7f3c2b1a',
  asset: ASSET,
  digest: 'd4'.repeat(32),
  what: 'electricity import',
  ...DAY,
  finestStep: 'PT1H',
  place: 'town',
  household: false,
  purposes: ['research'],
  recipients: 'whoever buys it',
  licence: 'EDMP-personal-1',
  given: NOW,
  validUntil: NOW + HOUR,
  withdrawn: null,
};
const community = {
  name: 'SUN',
  line: 'edmp:1+name=SUN',
  relays: ['/dns4/sun.example/tcp/4001'],
  matchmakers: ['/dns4/sun.example/tcp/4001'],
  witnesses: [WITNESS],
  pending: true,
};
const published = { name: 'chain', root: ASK, blocks: 12, at: NOW };
const ofTrade = { params: { id: TRADE } };

/** An example of every operation; a test holds each against its schemas. */
export const examples: Readonly<Record<OperationName, Example>> = {
  info: {
    response: {
      name: 'anna',
      version: '0.1.0',
      key: ANNA,
      addresses: ['/ip4/127.0.0.1/tcp/4001'],
      peers: [BEN],
      matchmaker: true,
      witnessKeys: [],
      meterSource: 'mounted meters',
      now: NOW,
    },
  },
  blocks: { query: { author: ANNA, limit: '1' }, response: { blocks: [block] } },
  block: { params: { id: ASK }, response: block },
  trust: {
    params: { key: ANNA },
    response: {
      trust: [
        {
          currency: 'DUM1',
          currencyLabel: 'DUM1',
          score: '10',
          standing: '10',
          hits: 31,
          walks: 100,
          condemned: false,
          proofs: [],
          truncated: null,
          paths: [{ agents: [ANNA, BEN], amount: '10' }],
          morePaths: 0,
          bounds: [{ kind: 'deals', seller: ANNA, buyer: BEN, amount: '10' }],
          moreBounds: 0,
          advice: [{ kind: 'more-deals', seller: ANNA, buyer: BEN }],
        },
      ],
    },
  },
  meters: {
    response: {
      meters: [
        {
          id: 'cellar',
          source: 'p1-tcp',
          mount: 'cellar',
          label: 'cellar',
          lastUpdate: NOW,
          zone: 'Europe/Amsterdam',
          cells: [{ accuracy: 'town', cell: 'u15p' }],
          commodities: [{ commodity: 'electricity', flow: 'import' }],
        },
      ],
    },
  },
  mounts: { response: { mounts: [mount] } },
  addMeter: { body: { address: 'tcp://192.168.1.30:2001', name: 'cellar' }, response: mount },
  discoverMeters: {
    body: { seconds: 4 },
    response: {
      found: [
        {
          kind: 'homewizard',
          name: 'P1 meter',
          address: 'https://192.168.1.20',
          hint: 'button',
          mounted: null,
        },
      ],
      leftOut: 0,
      asked: ['192.168.1.10'],
    },
  },
  removeMeter: { params: { id: 'cellar' }, query: { readings: 'true' }, response: { removed: true } },
  importReadings: { params: { id: 'cellar' }, query: { format: 'csv' }, response: imported },
  previewReadings: {
    query: { zone: 'Europe/Amsterdam' },
    response: {
      format: 'csv',
      csvMap: null,
      questions: [],
      headings: ['time', 'kWh'],
      rows: [['2026-01-05T00:00:00Z', '1.5']],
      columns: ['time', 'kWh'],
      readings: [
        { at: NOW, seconds: null, commodity: 'electricity', flow: 'import', value: '1.5', unit: 'kWh' },
      ],
      count: 1,
      issues: [],
      problem: null,
    },
  },
  exportReadings: { params: { id: 'cellar' }, query: { ...DAY, format: 'csv' } },
  curve: { params: { id: 'cellar' }, query: { ...WHAT, ...DAY }, response: curve },
  reveals: {
    params: { id: 'cellar' },
    query: { ...WHAT, ...DAY },
    response: {
      reveals: [
        {
          step: 'PT1H',
          found: [{ kind: 'absence', sensitivity: 'high', text: 'Nobody was home.', days: ['2026-01-05'] }],
        },
      ],
    },
  },
  offer: {
    body: {
      meter: 'cellar',
      ...WHAT,
      ...DAY,
      title: 'A winter Monday',
      price: '10',
      currency: 'DUM1',
      supply: 1,
      accuracy: 'town',
      purposes: ['research'],
      lifetimeMs: HOUR,
    },
    response: { ...listing, own: true },
  },
  ask: { body: { asset: ASSET, price: '10', currency: 'DUM1', supply: 1, lifetimeMs: HOUR }, response: ask },
  buy: { body: { asset: ASSET }, response: bid },
  listings: { query: { commodity: 'electricity', maxPrice: '20' }, response: { listings: [listing] } },
  book: { response: { orders: [book] } },
  orders: { response: { orders: [bid] } },
  cancel: { params: { id: BID }, response: { cancelled: true } },
  matchmakers: { response: { matchmakers: [{ key: BEN, address: '/ip4/192.0.2.1/tcp/4001' }] } },
  trades: { response: { trades: [trade] } },
  trade: { ...ofTrade, response: trade },
  tradeEvidence: {
    ...ofTrade,
    response: {
      trade: TRADE,
      hold: BID,
      outcome: 'paid',
      certificates: [{ kind: 'spend', subject: BID, signers: [WITNESS], bytes: 'a0' }],
    },
  },
  deal: { ...ofTrade, response: { trade: TRADE, bytes: 'a0' } },
  tradeProofs: {
    ...ofTrade,
    response: {
      proofs: [
        { kind: 'wrong-key', against: 'seller', guilty: true, reason: 'The key opens nothing.', bytes: 'a0' },
      ],
    },
  },
  eraseTrade: { ...ofTrade, body: {}, response: { keysDestroyed: 3, blocksDeleted: 2, unreachable: [] } },
  delivery: {
    ...ofTrade,
    response: {
      trade: TRADE,
      asset: ASSET,
      descriptor,
      consumption: { values: curve.values, quality: '000005', offsetMinutes: 60 },
      curve,
    },
  },
  contentLink: {
    ...ofTrade,
    response: { trade: TRADE, manifest: ASK, capability: 'a'.repeat(42), path: `/ipfs/${ASK}` },
  },
  currencies: { response: { currencies: [currency] } },
  issueCurrency: { body: { label: 'SUN', precision: 0 }, response: sun },
  addCurrency: { body: { block: 'a0' }, response: sun },
  transfer: {
    params: { id: ASK },
    body: { to: BEN, amount: '5', memo: 'for the meter' },
    response: { id: BID },
  },
  claim: { params: { id: ASK }, body: {}, response: { id: null } },
  wallets: {
    response: {
      wallets: [
        {
          id: 'DUM1',
          name: 'DUM1 (test money)',
          symbol: 'DUM1',
          test: true,
          address: ANNA,
          precision: 0,
          minUnit: '1',
          available: '990',
          held: '0',
          pending: '0',
          earned: '10',
        },
      ],
    },
  },
  transactions: {
    params: { id: 'DUM1' },
    response: {
      transactions: [
        {
          id: BID,
          direction: 'out',
          asset: 'DUM1',
          amount: '10',
          counterparty: ANNA,
          time: NOW,
          description: 'Purchase of meter data',
          status: 'final',
          trade: TRADE,
        },
      ],
    },
  },
  consents: { response: { consents: [consent] } },
  consentLog: {
    response: { entries: [{ at: NOW, event: 'granted', consent: consent.id, detail: 'A winter Monday' }] },
  },
  consentRecords: {
    response: {
      structure: 'ISO/IEC TS 27560:2023',
      schema_version: 'edmp/consent-records/1',
      exported: '2026-01-06T12:00:00.000Z',
      records: [],
    },
  },
  withdrawConsent: { params: { id: consent.id }, response: { ...consent, withdrawn: NOW } },
  peers: {
    response: {
      peers: [
        {
          key: BEN,
          ways: [
            {
              address: '/ip4/192.0.2.1/tcp/4001',
              direction: 'outbound',
              relay: null,
              relayBytesLeft: null,
              latencyMs: 12,
              since: NOW,
            },
          ],
        },
      ],
    },
  },
  communities: { response: { communities: [community] } },
  joinCommunity: { body: { line: community.line }, response: community },
  leaveCommunity: { params: { id: 'SUN' }, response: { communities: [] } },
  invitation: { response: { name: 'SUN', line: community.line, local: false } },
  published: { response: { published: [published] } },
  publish: { body: {}, response: { published: [published] } },
  withdrawPublished: { response: { published: [] } },
  names: { response: { names: [{ key: ANNA, name: 'Anna next door' }] } },
  nameKey: {
    body: { key: ANNA, name: 'Anna next door' },
    response: { names: [{ key: ANNA, name: 'Anna next door' }] },
  },
  practice: { response: { on: false, key: null, witness: null } },
  setPractice: { body: { on: true }, response: { on: true, key: BEN, witness: WITNESS } },
  storage: { response: { budget: 1_073_741_824, bytes: 52_428_800, free: 0, blocks: 120_000, last: null } },
  pruneStorage: {
    body: { dryRun: true },
    response: {
      time: NOW,
      budget: 1_073_741_824,
      before: 52_428_800,
      after: 52_428_800,
      removed: 0,
      chains: 0,
      left: 120_000,
      severity: null,
      within: true,
    },
  },
};
