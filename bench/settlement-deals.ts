import { decodeChunk, sealedBytes } from '../packages/data-settlement/src/dataset.ts';
import { memoryContentStore } from '../packages/data-settlement/src/index.ts';
import { judgeProof } from '../packages/data-settlement/src/proof.ts';
import {
  type ChunkSealer,
  decodeManifest,
  localSealer,
  openDelivery,
  sealDataset,
  settlementRootOf,
  unwrapContentKey,
  wrapContentKey,
} from '../packages/data-settlement/src/sealing.ts';
import {
  bytesToHex,
  type ContentStore,
  type JudgedTrade,
  publicKey,
  seededRandom,
} from '../packages/interface/src/index.ts';
import { verifyDealFile } from '../packages/trader/src/deal.ts';
import { finishedDealFile } from '../packages/trader/test/support/deal-world.ts';
import { against, elapsedMs, median, type Report } from './harness.ts';
import { crypto, environment, NONCE, quarterHours, sealOptions } from './settlement-fixtures.ts';

interface Case {
  readonly trade: JudgedTrade;
  readonly store: ContentStore;
  readonly secretKey: Uint8Array;
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
  const honest = localSealer(crypto);
  // Ciphertext that its manifest names and that no key opens.
  const damaging: ChunkSealer = {
    atOnce: 1,
    seal: async (job) =>
      (await honest.seal(job)).map((chunk) => {
        const bytes = chunk.bytes.with(9, (chunk.bytes[9] ?? 0) ^ 1);
        return { ...chunk, bytes, digest: crypto.sha256(bytes) };
      }),
  };
  const sealer = cheat ? damaging : honest;
  const delivery = await sealDataset({ ...sealOptions(dataset, store), tradeId, contentKey, sealer });
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
  // Of the processor, not by the clock: a machine with other work would be measured instead.
  const time = (trade: JudgedTrade, evidence: Uint8Array): Promise<number> => {
    if (!judgeProof(crypto, trade, evidence).guilty) throw new Error('the proof was meant to convict');
    const rounds = 200;
    return median(async () => {
      const before = process.cpuUsage();
      for (let i = 0; i < rounds; i++) judgeProof(crypto, trade, evidence);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000 / rounds;
    });
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
  const seal = async (): Promise<void> => {
    const made = quarterHours(365);
    await sealDataset(sealOptions(made, memoryContentStore({ crypto, environment })));
  };
  report({ metric: 'seal-year-15min', value: await median(() => elapsedMs(seal)), unit: 'ms' });
}

/** The times of the mechanisms under `hybrid-wrap`, each alone. */
async function mechanisms(report: Report): Promise<void> {
  const random = seededRandom(10);
  const rounds = 300;
  for (const [name, kem] of [
    ['ml-kem-768', crypto.mlKem768],
    ['x-wing', crypto.xWing],
  ] as const) {
    const seed = random.bytes(kem.seedBytes);
    const key = kem.publicKey(seed);
    const { ciphertext } = kem.encapsulate(key);
    const each: readonly (readonly [string, () => unknown])[] = [
      ['keygen', () => kem.publicKey(seed)],
      ['encapsulate', () => kem.encapsulate(key)],
      ['encapsulate-given', () => kem.encapsulate(key, random.bytes(kem.randomnessBytes))],
      ['decapsulate', () => kem.decapsulate(seed, ciphertext)],
    ];
    for (const [what, task] of each) {
      const run = (): void => {
        for (let i = 0; i < rounds; i++) task();
      };
      run();
      const value = await median(async () => (await elapsedMs(run)) / rounds);
      report({ metric: `${name}-${what}`, value, unit: 'ms' });
    }
  }
}

/** `verify-deal-file`: a finished deal from bytes alone, against the signatures in it. */
async function dealFile(report: Report): Promise<void> {
  const bytes = await finishedDealFile();
  let checked = 0;
  const counting: typeof crypto = {
    ...crypto,
    ed25519Verify(signature, message, key) {
      checked += 1;
      return crypto.ed25519Verify(signature, message, key);
    },
  };
  if (!verifyDealFile(bytes, { crypto: counting }).valid) throw new Error('the deal was honest');
  const message = new Uint8Array(32);
  const secret = new Uint8Array(32).fill(1);
  const signature = crypto.ed25519Sign(message, secret);
  const key = crypto.ed25519PublicKey(secret);
  const rounds = 50;
  const result = await against(
    rounds,
    () => {
      for (let i = 0; i < rounds; i++) verifyDealFile(bytes, { crypto });
    },
    () => {
      for (let i = 0; i < rounds * checked; i++) crypto.ed25519Verify(signature, message, key);
    },
    5,
  );
  report({
    metric: 'verify-deal-file',
    value: 1_000 / result.value,
    unit: 'ms',
    floor: 1_000 / result.floor,
    ratio: result.ratio,
  });
  report({ metric: 'deal-file-size', value: bytes.length, unit: 'B' });
}

/** What a deal and its proofs cost. */
export async function measureDeals(report: Report): Promise<void> {
  await judging(report);
  await wrapping(report);
  await mechanisms(report);
  await daily(report);
  await year(report);
  await dealFile(report);
}
