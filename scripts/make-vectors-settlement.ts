/**
 * Writes the golden vectors of the sealed delivery to `vectors/settlement-*.json`; `--check` compares instead.
 *
 *     node --conditions=edmp-source scripts/make-vectors-settlement.ts [--check]
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bodyDigest,
  CHUNK_HEADER_BYTES,
  createDataset,
  type Dataset,
  dataLeaf,
  encodeChunk,
  leafSalts,
} from '../packages/data-settlement/src/dataset.ts';
import { memoryContentStore } from '../packages/data-settlement/src/index.ts';
import { judgeProof } from '../packages/data-settlement/src/proof.ts';
import {
  chunkKeys,
  decodeManifest,
  keyCommitment,
  type Manifest,
  openDelivery,
  sealDataset,
  settlementRootOf,
  wrapContentKey,
} from '../packages/data-settlement/src/sealing.ts';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { assetIdOf, encodeDatasetDocument } from '../packages/interface/src/dataset/index.ts';
import {
  type AssetId,
  bytesToHex,
  type Consumption,
  type Descriptor,
  type JudgedTrade,
  type PublicKey,
  publicKey,
  type SealedDelivery,
  seededRandom,
  virtualEnvironment,
} from '../packages/interface/src/index.ts';

const crypto = nodeCrypto();
const hex = bytesToHex;

/** Readings and descriptor of a vector, made from a seed. */
function series(
  seed: number,
  count: number,
  gaps: number,
): { descriptor: Descriptor; consumption: Consumption } {
  const random = seededRandom(seed);
  const values = Array.from({ length: count }, (_, i) => (i < gaps ? null : random.below(600_000)));
  const quality = Uint8Array.from(values, (value, i) => (value === null ? 5 : i % 17 === 0 ? 1 : 0));
  return {
    consumption: { values, quality, offsetMinutes: 0 },
    descriptor: {
      commodity: 'electricity',
      flow: 'import',
      unit: 'uKWh',
      step: 'PT15M',
      zone: 'Europe/Amsterdam',
      from: '2026-01-01',
      to: new Date(Date.UTC(2026, 0, Math.max(2, count / 96))).toISOString().slice(0, 10),
      count,
      gaps,
      cell: 'u173',
      household: null,
      attestation: 'signed',
      verified: count - gaps,
      pseudonym: random.bytes(16),
      licence: 'EDMP-personal-1',
      purposes: ['research'],
      consent: null,
      title: 'Golden vector',
    },
  };
}

function chunkVectors(): unknown {
  const encoding = (name: string, consumption: Consumption, gapsBefore: number, slotBytes = 5): unknown => ({
    name,
    values: consumption.values,
    quality: hex(consumption.quality),
    offsetMinutes: consumption.offsetMinutes,
    gapsBefore,
    slotBytes,
    bytes: hex(encodeChunk(consumption, 0, consumption.values.length, gapsBefore, slotBytes)),
  });
  const good = encodeChunk({ values: [1, null], quality: Uint8Array.of(0, 5), offsetMinutes: 0 }, 0, 2, 0, 5);
  const refused = (name: string, bytes: Uint8Array): unknown => ({ name, bytes: hex(bytes) });
  return {
    encodings: [
      encoding('one measured zero', { values: [0], quality: Uint8Array.of(0), offsetMinutes: 0 }, 0),
      encoding(
        'one gap after 12 others',
        { values: [null], quality: Uint8Array.of(5), offsetMinutes: 15 },
        12,
      ),
      encoding(
        'largest value and every quality',
        {
          values: [2 ** 44 - 1, 127, 128, 16_383, null, 16_384],
          quality: Uint8Array.of(0, 1, 2, 3, 5, 4),
          offsetMinutes: 1_440,
        },
        4_000_000_000,
        6,
      ),
      encoding('a day', series(1, 96, 3).consumption, 0),
      encoding(
        'largest value of a minute',
        { values: [2 ** 28 - 1], quality: Uint8Array.of(0), offsetMinutes: 0 },
        0,
        4,
      ),
    ],
    refused: [
      refused('empty', new Uint8Array(0)),
      refused('unknown format', good.with(0, 0x15)),
      refused('too few bytes an interval', good.with(0, 0x23)),
      refused('no intervals', good.with(4, 0)),
      refused('more intervals than bytes', good.with(4, 3)),
      refused('unknown quality', good.with(11, 0x60)),
      refused('a value where there is no data', good.with(20, 1)),
      refused('a byte too many', Uint8Array.from([...good, 0])),
      refused('cut off', good.subarray(0, 14)),
    ],
  };
}

/** A delivery with everything that it was made of. */
export interface Sealed {
  readonly dataset: Dataset;
  readonly trade: JudgedTrade;
  readonly manifest: Manifest;
  readonly delivery: SealedDelivery;
  readonly contentKey: Uint8Array;
  readonly recipientSecret: Uint8Array;
  readonly randomness: Uint8Array;
  readonly blocks: readonly Uint8Array[];
  readonly manifestBytes: Uint8Array;
}

/**
 * A delivery made from a seed.
 *
 * @param terms - Who deals, and the id of the trade by what is sold to which key; by default random bytes.
 */
export async function sealed(
  seed: number,
  terms?: {
    readonly seller: PublicKey;
    readonly buyer: PublicKey;
    readonly tradeId: (asset: AssetId, recipientKey: Uint8Array) => Uint8Array;
  },
): Promise<Sealed> {
  const random = seededRandom(seed);
  const dataset = createDataset({
    ...series(seed, 3_360, 4),
    crypto,
    random: (length) => random.bytes(length),
  });
  const store = memoryContentStore({ crypto, environment: virtualEnvironment() });
  const [drawn, contentKey, recipientSecret] = [random.bytes(32), random.bytes(32), random.bytes(32)];
  const randomness = random.bytes(64);
  const recipientKey = crypto.xWing.publicKey(recipientSecret);
  const tradeId = terms?.tradeId(dataset.asset, recipientKey) ?? drawn;
  const delivery = await sealDataset({
    crypto,
    store,
    tradeId,
    contentKey,
    count: dataset.chunks.length,
    saltedChunks: dataset.saltedChunks,
    dataLeaf: (i) => dataset.leaves[i] ?? new Uint8Array(0),
  });
  const manifestBytes = await store.get(delivery.manifest);
  const manifest = decodeManifest(manifestBytes);
  const { settlementRoot } = delivery;
  const wrappedKey = wrapContentKey(crypto, {
    tradeId,
    settlementRoot,
    recipientKey,
    contentKey,
    randomness,
  });
  return {
    dataset,
    manifest,
    manifestBytes,
    delivery,
    contentKey,
    recipientSecret,
    randomness,
    blocks: await Promise.all(manifest.blocks.map((cid) => store.get(cid))),
    trade: {
      tradeId,
      asset: dataset.asset,
      seller: terms?.seller ?? publicKey(random.bytes(32)),
      buyer: terms?.buyer ?? publicKey(random.bytes(32)),
      suite: 'x-wing',
      recipientKey,
      document: dataset.document,
      settlementRoot,
      wrappedKey,
    },
  };
}

async function deliveryVectors(): Promise<unknown> {
  const made = await sealed(11);
  const { dataset, trade, manifest, delivery } = made;
  const salt = leafSalts(crypto, dataset.saltSeed);
  const keyOf = chunkKeys(crypto, made.contentKey);
  return {
    saltSeed: hex(dataset.saltSeed),
    document: hex(dataset.documentBytes),
    asset: dataset.asset,
    dataRoot: hex(dataset.document.dataRoot),
    tradeId: hex(trade.tradeId),
    contentKey: hex(made.contentKey),
    chunks: dataset.chunks.map((chunk, i) => ({
      chunk: hex(chunk),
      salt: hex(salt(i)),
      header: hex(chunk.subarray(0, CHUNK_HEADER_BYTES)),
      bodyDigest: hex(bodyDigest(crypto, i, salt(i), chunk)),
      dataLeaf: hex(dataLeaf(crypto, i, salt(i), chunk)),
      key: hex(keyOf(i)),
      keyCommitment: hex(keyCommitment(crypto, i, keyOf(i))),
      sealed: hex(made.blocks[i] ?? new Uint8Array(0)),
      cid: String(manifest.blocks[i]),
    })),
    manifest: hex(made.manifestBytes),
    manifestCid: String(delivery.manifest),
    settlementRoot: hex(delivery.settlementRoot),
    recipientSecret: hex(made.recipientSecret),
    recipientKey: hex(trade.recipientKey),
    randomness: hex(made.randomness),
    wrappedKey: hex(trade.wrappedKey),
  };
}

/** One delivery judged on good and bad proofs. */
async function proofVectors(): Promise<unknown> {
  const made = await sealed(12);
  const cases: unknown[] = [];
  const add = (name: string, trade: JudgedTrade, proof: Uint8Array): void => {
    const { guilty, kind } = judgeProof(crypto, trade, proof);
    cases.push({
      name,
      tradeId: hex(trade.tradeId),
      asset: trade.asset,
      seller: hex(trade.seller),
      buyer: hex(trade.buyer),
      suite: trade.suite,
      recipientKey: hex(trade.recipientKey),
      document: hex(createDocument(trade)),
      settlementRoot: hex(trade.settlementRoot),
      wrappedKey: hex(trade.wrappedKey),
      proof: hex(proof),
      guilty,
      kind,
    });
  };
  const open = async (
    trade: JudgedTrade,
    manifest: Manifest,
    blocks: readonly Uint8Array[],
  ): Promise<Uint8Array> => {
    const outcome = await openDelivery({
      crypto,
      trade,
      document: trade.document,
      settlementRoot: trade.settlementRoot,
      manifest,
      secretKey: made.recipientSecret,
      wrappedKey: trade.wrappedKey,
      read: async (cid) =>
        blocks[manifest.blocks.findIndex((other) => other.equals(cid))] ?? new Uint8Array(0),
    });
    if (outcome.kind !== 'misbehaviour') throw new Error('the vector does not misbehave');
    return outcome.proof;
  };

  const wrongKey = {
    ...made.trade,
    wrappedKey: made.trade.wrappedKey.with(1_167, (made.trade.wrappedKey[1_167] ?? 0) ^ 1),
  };
  const keyProof = await open(wrongKey, made.manifest, made.blocks);
  add('a released key that does not unwrap', wrongKey, keyProof);
  add('the same accusation of an honest release', made.trade, keyProof);

  const leaves = made.manifest.leaves.map((leaf, i) =>
    i === 1 ? { ...leaf, keyCommitment: new Uint8Array(32) } : leaf,
  );
  const uncommitted = { ...made.manifest, leaves };
  const settlementRoot = settlementRootOf(crypto, leaves);
  const { tradeId, recipientKey } = made.trade;
  const wrapped = wrapContentKey(crypto, {
    tradeId,
    settlementRoot,
    recipientKey,
    contentKey: made.contentKey,
    randomness: made.randomness,
  });
  const wrongCommitment = { ...made.trade, settlementRoot, wrappedKey: wrapped };
  add(
    'a chunk key that was not committed to',
    wrongCommitment,
    await open(wrongCommitment, uncommitted, made.blocks),
  );

  const junk = new Uint8Array(made.blocks[0]?.length ?? 0).fill(7);
  const junkLeaves = made.manifest.leaves.map((leaf, i) =>
    i === 0 ? { ...leaf, cipherDigest: crypto.sha256(junk) } : leaf,
  );
  const junkRoot = settlementRootOf(crypto, junkLeaves);
  const wrongData = {
    ...made.trade,
    settlementRoot: junkRoot,
    wrappedKey: wrapContentKey(crypto, {
      tradeId,
      settlementRoot: junkRoot,
      recipientKey,
      contentKey: made.contentKey,
      randomness: made.randomness,
    }),
  };
  const dataProof = await open(wrongData, { ...made.manifest, leaves: junkLeaves }, [
    junk,
    ...made.blocks.slice(1),
  ]);
  add('junk in place of a sealed chunk', wrongData, dataProof);
  add('the same accusation of an honest delivery', made.trade, dataProof);

  const document = {
    ...made.trade.document,
    descriptor: { ...made.trade.document.descriptor, gaps: made.trade.document.descriptor.gaps + 1 },
  };
  const misdescribed = { ...made.trade, document, asset: assetOf(document) };
  const descriptionProof = await open(misdescribed, made.manifest, made.blocks);
  add('one gap fewer than promised', misdescribed, descriptionProof);
  add('the same accusation of an honest description', made.trade, descriptionProof);
  add('rubbish', made.trade, new Uint8Array(40));
  return cases;
}

const assetOf = (document: JudgedTrade['document']): string => assetIdOf(document, crypto);
const createDocument = (trade: JudgedTrade): Uint8Array => encodeDatasetDocument(trade.document);

/** All vector files by name. */
export async function settlementVectors(): Promise<Readonly<Record<string, string>>> {
  const text = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
  return {
    'settlement-chunks.json': text(chunkVectors()),
    'settlement-delivery.json': text(await deliveryVectors()),
    'settlement-proofs.json': text(await proofVectors()),
  };
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '..', 'vectors');
  for (const [name, content] of Object.entries(await settlementVectors())) {
    const path = join(folder, name);
    if (!process.argv.includes('--check')) writeFileSync(path, content);
    else if (readFileSync(path, 'utf8') !== content) {
      process.stderr.write(
        `vectors/${name} is not what the code makes: run scripts/make-vectors-settlement.ts\n`,
      );
      process.exitCode = 1;
    }
  }
}
