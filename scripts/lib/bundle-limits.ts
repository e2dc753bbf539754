/** A program that a page may load. */
export interface SizedBundle {
  readonly name: string;
  /** Names by entry, `*` for all. */
  readonly imports: Readonly<Record<string, readonly string[] | '*'>>;
  /** Packages that are not counted. */
  readonly external?: readonly string[];
  /** Most bytes after gzip: what it weighs and three per cent, so that nobody makes it heavier unawares. */
  readonly limit: number;
  /** What DESIGN wishes for, where it weighs more: bytes after gzip. */
  readonly budget?: number;
}

/** Opens a chain, agrees, syncs. */
const core = { '@edmp/trustchain': ['createTrustchain', 'memoryBlockStore'] } as const;

export const bundleLimits: readonly SizedBundle[] = [
  { name: 'core of trustchain', imports: core, limit: 46_400, budget: 32_000 },
  {
    name: 'core of trustchain, without the libraries below it',
    imports: core,
    external: ['@edmp/interface', 'multiformats'],
    limit: 38_100,
  },
  {
    name: 'root of market, own code',
    imports: { '@edmp/market': '*' },
    external: ['@edmp/interface', '@edmp/trustchain', 'multiformats'],
    limit: 99_000,
    budget: 30_000,
  },
  { name: 'root of market, with all that it needs', imports: { '@edmp/market': '*' }, limit: 122_400 },
  {
    name: 'a whole browser buyer, without libp2p',
    imports: {
      '@edmp/interface': ['softwareSigner', 'systemEnvironment'],
      '@edmp/interface/crypto/web': ['webCrypto'],
      '@edmp/trustchain': ['createTrustchain'],
      '@edmp/trustchain/indexeddb': ['indexedDbBlockStore', 'indexedDbKeyValueStore'],
      '@edmp/data-settlement': ['createSettlement', 'memoryContentStore'],
      '@edmp/market': ['createMarket', 'marketRules', 'price'],
    },
    limit: 208_000,
    budget: 80_000,
  },
  { name: '{ price } of market', imports: { '@edmp/market': ['price'] }, limit: 1_000 },
  // All of the contract included: the schemas of requests and answers, and what each operation does.
  { name: 'client of a node', imports: { '@edmp/node/client': '*' }, limit: 45_000 },
  { name: '{ EdmpError } of interface', imports: { '@edmp/interface': ['EdmpError'] }, limit: 1_000 },
];

/** Entries that no page imports, each with its reason. */
export const outsideBrowsers: Readonly<Record<string, string>> = {
  '@edmp/interface/testing': 'needs vitest',
  '@edmp/interface/crypto/node': 'needs node:crypto',
  '@edmp/interface/crypto/sodium': 'needs sodium-native',
  '@edmp/trustchain/sqlite': 'needs node:sqlite',
  '@edmp/trustchain/libp2p': 'needs libp2p, which a page installs itself',
  '@edmp/data-settlement/fs': 'needs node:fs',
  '@edmp/data-settlement/threads': 'needs node:worker_threads',
  '@edmp/oehu-client/emulator': 'needs node:http',
  '@edmp/oehu-client/sqlite': 'needs node:sqlite',
};

/**
 * Most bytes after gzip of everything that an entry exports, other packages not counted: what it weighs and a tenth; meter
 * formats may still double.
 */
export const entryLimits: Readonly<Record<string, number>> = {
  '@edmp/interface': 5_000,
  '@edmp/interface/bounded': 2_400,
  '@edmp/interface/dataset': 11_000,
  '@edmp/interface/format': 8_500,
  '@edmp/interface/hpke': 2_000,
  '@edmp/interface/crypto/noble': 3_300,
  '@edmp/interface/crypto/web': 4_600,
  '@edmp/interface/implement': 2_100,
  '@edmp/trustchain': 38_200,
  '@edmp/trustchain/indexeddb': 7_500,
  '@edmp/trustchain/simulated': 10_000,
  '@edmp/trustchain/tools': 13_000,
  '@edmp/trustchain/block': 3_000,
  '@edmp/trustchain/pair': 2_000,
  '@edmp/trustchain/validation': 3_500,
  '@edmp/trustchain/fraud': 4_000,
  '@edmp/trustchain/protocol': 500,
  '@edmp/trustchain/pruning': 5_700,
  '@edmp/trustchain/trust': 9_300,
  '@edmp/data-settlement': 21_600,
  '@edmp/data-settlement/dataset': 3_500,
  '@edmp/data-settlement/sealing': 7_300,
  '@edmp/data-settlement/proof': 7_500,
  '@edmp/data-settlement/content': 7_300,
  '@edmp/data-settlement/gateway': 7_900,
  '@edmp/data-settlement/bitswap': 9_300,
  '@edmp/data-settlement/access': 2_800,
  '@edmp/market': 99_000,
  '@edmp/trader': 2_800,
  '@edmp/trader/deal': 6_400,
  '@edmp/market/ledger': 15_000,
  '@edmp/market/codec': 7_500,
  '@edmp/market/book': 5_500,
  '@edmp/market/notary': 36_800,
  '@edmp/market/wallet': 5_000,
  '@edmp/market/order': 500,
  '@edmp/market/trade': 1_000,
  '@edmp/market/risk': 500,
  // Readers of 32 kinds of meter files: tables, workbooks, telegrams, lists of customer ports.
  '@edmp/oehu-client': 81_700,
  '@edmp/oehu-client/oehu': 7_000,
  '@edmp/oehu-client/sources': 73_000,
  '@edmp/oehu-client/recorder': 10_300,
  '@edmp/oehu-client/export': 32_500,
  // With the reader of MQTT messages, which holds that of P1 telegrams.
  '@edmp/oehu-client/live': 15_000,
  '@edmp/oehu-client/series': 5_000,
  '@edmp/oehu-client/privacy': 7_900,
  '@edmp/oehu-client/consent': 3_400,
  '@edmp/oehu-client/time': 2_500,
};
