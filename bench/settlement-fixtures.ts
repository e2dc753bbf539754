import { createDataset, type Dataset } from '../packages/data-settlement/src/dataset.ts';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import {
  type ContentStore,
  type Crypto,
  seededRandom,
  virtualEnvironment,
} from '../packages/interface/src/index.ts';

/** Megabytes that the rows by the name of `…-100mb` move; fewer by `EDMP_BENCH_MB` while working on the code. */
export const MEGABYTES: number = Math.min(100, Number(process.env.EDMP_BENCH_MB ?? 100));
/** A day of minutes has 5 760 bytes in the chunks that nodes cut: 17 361 days are 6 250 chunks. */
const BULK_DAYS: number = Math.floor((MEGABYTES * 1e6) / 5_760);
const DAY_MS = 86_400_000;

export const crypto: Crypto = nodeCrypto();
export const environment = virtualEnvironment();
export const NONCE = new Uint8Array(12);
export const TRADE_ID = new Uint8Array(32).fill(2);
export const CONTENT_KEY = new Uint8Array(32).fill(3);

/** A series of whole days from 1970 on, split into the chunks that are sold. */
function datasetOf(step: 'PT1M' | 'PT15M', slotsADay: number, days: number): Dataset {
  const random = seededRandom(7);
  const count = slotsADay * days;
  const values = new Array<number>(count);
  for (let i = 0; i < count; i++) values[i] = random.below(500_000);
  return createDataset({
    descriptor: {
      commodity: 'electricity',
      flow: 'import',
      unit: 'uKWh',
      step,
      zone: 'Etc/UTC',
      from: '1970-01-01',
      to: new Date((days - 1) * DAY_MS).toISOString().slice(0, 10),
      count,
      gaps: 0,
      cell: null,
      household: null,
      attestation: 'unsigned',
      verified: 0,
      pseudonym: random.bytes(16),
      licence: 'EDMP-personal-1',
      purposes: [],
      consent: null,
      title: '',
    },
    consumption: { values, quality: new Uint8Array(count), offsetMinutes: 0 },
    crypto,
    random: (length) => random.bytes(length),
  });
}

/** Quarter hours of some days. */
export const quarterHours = (days: number): Dataset => datasetOf('PT15M', 96, days);

let bulk: Dataset | undefined;

/** A hundred megabytes of minutes; made once. */
export function hundredMegabytes(): Dataset {
  bulk ??= datasetOf('PT1M', 1_440, BULK_DAYS);
  return bulk;
}

/** Bytes of all salted chunks of a dataset. */
export const bytesOf = ({ saltedChunks }: Dataset): number =>
  saltedChunks.reduce((sum, chunk) => sum + chunk.length, 0);

/** What `sealDataset` is told of a dataset. */
export const sealOptions = (dataset: Dataset, store: Pick<ContentStore, 'put' | 'putMany'>) => ({
  crypto,
  store,
  tradeId: TRADE_ID,
  contentKey: CONTENT_KEY,
  count: dataset.chunks.length,
  saltedChunks: dataset.saltedChunks,
  dataLeaf: (index: number) => dataset.leaves[index] ?? new Uint8Array(0),
});
