/**
 * The architecture as a table: which package may import which (DESIGN §2: dependencies point down only), and where
 * the outside world may enter. `check-layers.ts` holds the sources to it.
 */
export interface Layer {
  /** Folder under `packages/`. */
  readonly folder: string;
  /** Packages it may import. `test`: also in its tests and as devDependencies. */
  readonly mayImport: readonly string[];
  readonly testsMayImport?: readonly string[];
  /** Protocol code: no clock, timer or randomness but through `Environment`. */
  readonly protocol: boolean;
  /** Of code that is not protocol: it may use timers and randomness, but read no clock; where it takes the time from. */
  readonly clock?: string;
  /** Public entries that may reach `node:` modules and optional peers; all others also run in browsers. */
  readonly platformEntries: readonly string[];
  /**
   * Rooms of the package, highest first, each a list of paths under `src/` (a folder ends in `/`; of several that fit
   * a file the longest counts). A file imports, types included, from its own room and the rooms below only.
   */
  readonly rooms?: readonly (readonly string[])[];
}

/**
 * The acceptance suites. The tests of every package may import them; they are found through the root's manifest, so that
 * no other manifest names them and the packages form no circle.
 */
export const suites = '@edmp/testing';

/** What tests run on: dependencies of the root's manifest, and of no package but the suites'. */
export const testTools: readonly string[] = ['vitest', 'fast-check', suites];

/** Any public entry may reach the platform: the package is an application. */
export const anyEntry = '*';

const everyLibrary = [
  '@edmp/interface',
  '@edmp/trustchain',
  '@edmp/market',
  '@edmp/data-settlement',
  '@edmp/oehu-client',
] as const;

/**
 * The market (DESIGN §4) from composition down to codecs. Statements and certificates stand below the ledger that
 * folds them; the roles that sign and fetch them stand above it.
 */
const marketRooms: readonly (readonly string[])[] = [
  [
    'index.ts',
    'order.ts',
    'trade.ts',
    'risk.ts',
    'ledger.ts',
    'codec.ts',
    'book.ts',
    'notary.ts',
    'wallet.ts',
  ],
  ['create-market.ts'],
  ['desk/'],
  ['market.ts'],
  ['negotiation/'],
  ['risk/'],
  ['trade/'],
  ['wallet/'],
  ['notary/'],
  ['evidence/'],
  ['ledger/'],
  ['notary/statement.ts', 'notary/certificate.ts', 'notary/notary-proof.ts'],
  ['matching/'],
  ['listing/'],
  ['book/'],
  ['order/'],
  ['blocks/'],
  ['asset/'],
  ['records/'],
  ['codec/', 'errors.ts'],
];

/** Lowest first. */
export const layers: readonly Layer[] = [
  {
    folder: 'interface',
    mayImport: [],
    protocol: true,
    platformEntries: ['./crypto/node', './crypto/noble', './crypto/sodium', './crypto/web'],
  },
  {
    folder: 'trustchain',
    mayImport: ['@edmp/interface'],
    protocol: true,
    platformEntries: ['./sqlite', './libp2p'],
  },
  {
    folder: 'oehu-client',
    mayImport: ['@edmp/interface'],
    protocol: true,
    platformEntries: ['./emulator', './sqlite'],
  },
  {
    folder: 'data-settlement',
    mayImport: ['@edmp/interface', '@edmp/trustchain'],
    protocol: true,
    platformEntries: ['./fs', './threads'],
  },
  {
    folder: 'market',
    mayImport: ['@edmp/interface', '@edmp/trustchain'],
    protocol: true,
    platformEntries: [],
    rooms: marketRooms,
  },
  {
    folder: 'trader',
    mayImport: ['@edmp/interface', '@edmp/trustchain', '@edmp/market', '@edmp/data-settlement'],
    protocol: true,
    platformEntries: [anyEntry],
  },
  {
    folder: 'node',
    mayImport: [...everyLibrary, '@edmp/trader'],
    protocol: false,
    platformEntries: [anyEntry],
  },
  {
    folder: 'testing',
    mayImport: everyLibrary,
    protocol: true,
    platformEntries: ['.'],
  },
  {
    folder: 'web',
    mayImport: ['@edmp/node', '@edmp/interface'],
    testsMayImport: [...everyLibrary],
    protocol: false,
    clock:
      "take the time from the node (useNode().now(), state/node-clock.ts), not from the reader's computer",
    platformEntries: [anyEntry],
  },
  {
    folder: 'examples',
    mayImport: [...everyLibrary, '@edmp/trader', '@edmp/node'],
    protocol: false,
    platformEntries: [anyEntry],
  },
];

/** The adapters that may touch the real clock, timers and randomness, each with its reason. */
export const systemAdapters: Readonly<Record<string, string>> = {
  'packages/interface/src/environment/system.ts': 'the real Environment',
  'packages/interface/src/environment/virtual.ts': 'lets real I/O finish between two virtual instants',
  'packages/interface/src/crypto/sodium.ts':
    'other work has its turn between slices verified on the calling thread',
  'packages/oehu-client/src/recorder/turn.ts':
    'other work has its turn between parts of years of readings that are read or deleted',
  'packages/trustchain/src/store/sqlite/group-commit.ts':
    'writes of one turn of the event loop share a transaction',
  'packages/interface/src/environment/defer.ts': 'what an Environment without a `defer` of its own does',
  'packages/trustchain/src/network/libp2p/stream.ts': 'looks again after a microtask of libp2p',
  'packages/data-settlement/src/bitswap/libp2p.ts': 'looks again after a microtask of libp2p',
  'packages/data-settlement/src/store/write-batches.ts': 'files that are written in one turn share a batch',
  'packages/web/src/state/node-clock.ts': "moves the node's last word on by the time that has passed since",
};

/** No hand-written source file is longer than this many lines (STYLE). */
export const maxLines = 600;
