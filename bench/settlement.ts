import {
  createDataset,
  type Dataset,
  decodeChunk,
  sealedBytes,
} from '../packages/data-settlement/src/dataset.ts';
import { memoryContentStore } from '../packages/data-settlement/src/index.ts';
import { judgeProof } from '../packages/data-settlement/src/proof.ts';
import {
  decodeManifest,
  openDelivery,
  sealDataset,
  settlementRootOf,
  unwrapContentKey,
  wrapContentKey,
} from '../packages/data-settlement/src/sealing.ts';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import {
  bytesToHex,
  CODEC_RAW,
  type ContentStore,
  type JudgedTrade,
  publicKey,
  seededRandom,
  virtualEnvironment,
} from '../packages/interface/src/index.ts';
import { against, type Bench, elapsedMs, median, type Report } from './harness.ts';
import { measureTransfers } from './settlement-transfers.ts';

const MEGABYTES = 100;
const crypto = nodeCrypto();
const environment = virtualEnvironment();
const NONCE = new Uint8Array(12);

/** What a node seals at once: 16 bytes of salt, a header and 16 000 bytes of intervals. */
const CHUNK_BYTES = 16_027;

/** Salted chunks of the size that datasets have, filled with noise. */
function bulk(): readonly Uint8Array[] {
  const random = seededRandom(1);
  const one = random.bytes(CHUNK_BYTES);
  return Array.from({ length: Math.floor((MEGABYTES * 1e6) / CHUNK_BYTES) }, (_, i) => {
    const chunk = one.slice();
    chunk.set(random.bytes(64), i % 1000);
    return chunk;
  });
}

/** `seal 100 MB` of the budget, against a bare loop of ChaCha20-Poly1305 and SHA-256 over the same pieces. */
async function sealing(report: Report): Promise<void> {
  const chunks = bulk();
  const bytes = chunks.length * CHUNK_BYTES;
  const leaf = new Uint8Array(32);
  const rate = await against(
    bytes / 1e6,
    async () => {
      const store = memoryContentStore({ crypto, environment });
      await sealDataset({
        crypto,
        store,
        tradeId: new Uint8Array(32).fill(2),
        contentKey: new Uint8Array(32).fill(3),
        count: chunks.length,
        saltedChunks: chunks,
        dataLeaf: () => leaf,
      });
    },
    () => {
      const key = new Uint8Array(32).fill(4);
      for (const chunk of chunks) crypto.sha256(crypto.chacha20Poly1305Seal(key, NONCE, chunk, NONCE));
    },
  );
  report({ metric: 'seal-100mb', value: rate.value, unit: 'MB/s', floor: rate.floor, ratio: rate.ratio });
}

interface Case {
  readonly trade: JudgedTrade;
  readonly store: ContentStore;
  readonly secretKey: Uint8Array;
}

/** Quarter hours of some days, split into the chunks that are sold. */
function quarterHours(days: number): Dataset {
  const random = seededRandom(7);
  const count = 96 * days;
  return createDataset({
    descriptor: {
      commodity: 'electricity',
      flow: 'import',
      unit: 'uKWh',
      step: 'PT15M',
      zone: 'Etc/UTC',
      from: '2026-01-01',
      to: new Date(Date.UTC(2026, 0, days)).toISOString().slice(0, 10),
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
    consumption: {
      values: Array.from({ length: count }, () => random.below(500_000)),
      quality: new Uint8Array(count),
      offsetMinutes: 0,
    },
    crypto,
    random: (length) => random.bytes(length),
  });
}

/** A day of quarter hours, sealed, with one byte of the ciphertext wrong when `cheat` is set. */
async function oneDay(
  days: number,
  cheat: boolean,
): Promise<Case & { readonly open: () => Promise<Uint8Array | undefined> }> {
  const random = seededRandom(8);
  const dataset = quarterHours(days);
  const store = memoryContentStore({ crypto, environment });
  const [tradeId, contentKey, secretKey] = [random.bytes(32), random.bytes(32), random.bytes(32)];
  const damaged: Pick<ContentStore, 'put'> = {
    put: (codec, bytes) =>
      store.put(codec, cheat && codec === CODEC_RAW ? bytes.with(9, (bytes[9] ?? 0) ^ 1) : bytes),
  };
  const delivery = await sealDataset({
    crypto,
    store: damaged,
    tradeId,
    contentKey,
    count: dataset.chunks.length,
    saltedChunks: dataset.saltedChunks,
    dataLeaf: (i) => dataset.leaves[i] ?? new Uint8Array(0),
  });
  const manifest = decodeManifest(await store.get(delivery.manifest));
  const settlementRoot = settlementRootOf(crypto, manifest.leaves);
  const recipientKey = crypto.xWing.publicKey(secretKey);
  const trade: JudgedTrade = {
    tradeId,
    asset: dataset.asset,
    seller: publicKey(random.bytes(32)),
    buyer: publicKey(random.bytes(32)),
    suite: 'x-wing',
    recipientKey,
    document: dataset.document,
    settlementRoot,
    wrappedKey: wrapContentKey(crypto, {
      tradeId,
      settlementRoot,
      recipientKey,
      contentKey,
      randomness: random.bytes(64),
    }),
  };
  const open = async (): Promise<Uint8Array | undefined> => {
    const outcome = await openDelivery({
      crypto,
      trade,
      document: dataset.document,
      settlementRoot,
      manifest,
      secretKey,
      wrappedKey: trade.wrappedKey,
      read: (cid) => store.get(cid),
    });
    return outcome.kind === 'misbehaviour' ? outcome.proof : undefined;
  };
  return { trade, store, secretKey, open };
}

/** `verify a proof of misbehaviour` of the budget: wrong data over a chunk of a year, and a wrong key. */
async function judging(report: Report): Promise<void> {
  const year = await oneDay(365, true);
  const proof = await year.open();
  if (proof === undefined) throw new Error('the delivery was meant to be damaged');
  const time = async (trade: JudgedTrade, evidence: Uint8Array): Promise<number> => {
    if (!judgeProof(crypto, trade, evidence).guilty) throw new Error('the proof was meant to convict');
    const rounds = 200;
    return median(
      async () =>
        (await elapsedMs(() => {
          for (let i = 0; i < rounds; i++) judgeProof(crypto, trade, evidence);
        })) / rounds,
    );
  };
  report({ metric: 'judge-wrong-data', value: await time(year.trade, proof), unit: 'ms' });
  report({ metric: 'proof-size-wrong-data', value: proof.length, unit: 'B' });
}

/** What one trade of a day costs each side in computing. */
async function daily(report: Report): Promise<void> {
  const honest = await oneDay(1, false);
  if ((await honest.open()) !== undefined) throw new Error(`${bytesToHex(honest.trade.tradeId)} was honest`);
  const perOpen = await median(
    async () =>
      (await elapsedMs(async () => {
        for (let i = 0; i < 50; i++) await honest.open();
      })) / 50,
  );
  report({ metric: 'open-one-day', value: perOpen, unit: 'ms' });
}

/**
 * `hybrid-wrap`: a content key wrapped by a seller and unwrapped by a buyer, against the bare mechanism and cipher on the same
 * keys: once with the randomness of the provider, as nodes do, and once with given randomness, as simulations do.
 */
async function wrapping(report: Report): Promise<void> {
  const random = seededRandom(9);
  const [tradeId, settlementRoot, contentKey] = [random.bytes(32), random.bytes(32), random.bytes(32)];
  const secretKey = random.bytes(32);
  const recipientKey = crypto.xWing.publicKey(secretKey);
  const rounds = 300;
  const pair = async (metric: string, given: () => Uint8Array | undefined): Promise<void> => {
    const candidate = (): void => {
      for (let i = 0; i < rounds; i++) {
        const randomness = given();
        const binding = { tradeId, settlementRoot };
        const wrappedKey = wrapContentKey(crypto, { ...binding, recipientKey, contentKey, randomness });
        unwrapContentKey(crypto, { ...binding, secretKey, wrappedKey });
      }
    };
    const floor = (): void => {
      for (let i = 0; i < rounds; i++) {
        const sent = crypto.xWing.encapsulate(recipientKey, given());
        const key = crypto.xWing.decapsulate(secretKey, sent.ciphertext);
        const sealed = crypto.chacha20Poly1305Seal(sent.sharedSecret, NONCE, contentKey, settlementRoot);
        crypto.chacha20Poly1305Open(key, NONCE, sealed, settlementRoot);
      }
    };
    candidate();
    const { value, floor: bare, ratio } = await against(rounds, candidate, floor, 5);
    report({ metric, value: 1_000 / value, unit: 'ms', floor: 1_000 / bare, ratio });
  };
  await pair('hybrid-wrap', () => undefined);
  await pair('hybrid-wrap-given', () => random.bytes(64));
}

/** Size and time of a year of quarter hours: what hiding the sizes costs, and what selling a year takes. */
async function year(report: Report): Promise<void> {
  const dataset = quarterHours(365);
  const { document } = dataset;
  // The floor: each value in its shortest form, which is what told a full house from an empty one.
  let shortest = 0;
  const values = dataset.chunks.flatMap((chunk) => decodeChunk(chunk).values);
  for (const value of values) shortest += Math.max(1, Math.ceil(Math.log2((value ?? 0) + 1) / 7));
  const { count } = document.descriptor;
  report({
    metric: 'bytes-per-value',
    value: sealedBytes(document) / count,
    unit: 'B',
    floor: shortest / count,
  });
  const tradeId = new Uint8Array(32).fill(2);
  const seal = async (): Promise<void> => {
    const made = quarterHours(365);
    await sealDataset({
      crypto,
      store: memoryContentStore({ crypto, environment }),
      tradeId,
      contentKey: new Uint8Array(32).fill(3),
      count: made.chunks.length,
      saltedChunks: made.saltedChunks,
      dataLeaf: (i) => made.leaves[i] ?? new Uint8Array(0),
    });
  };
  report({ metric: 'seal-year-15min', value: await median(() => elapsedMs(seal)), unit: 'ms' });
}

export const bench: Bench = {
  name: 'settlement',
  async run(report) {
    await sealing(report);
    await judging(report);
    await wrapping(report);
    await daily(report);
    await year(report);
    await measureTransfers(report);
  },
};
