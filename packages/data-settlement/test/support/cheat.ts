import { createDataset, dataLeaf, leafSalts, merkleRoot } from '@edmp/data-settlement/dataset';
import {
  chunkKeys,
  encodeManifest,
  keyCommitment,
  sealChunk,
  settlementRootOf,
  wrapContentKey,
} from '@edmp/data-settlement/sealing';
import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  type Crypto,
  concatBytes,
  type SealedDelivery,
  seededRandom,
} from '@edmp/interface';
import { assetIdOf } from '@edmp/interface/dataset';
import type { CID } from 'multiformats/cid';
import type { Series } from './fixtures.ts';
import type { Deal, Parties } from './parties.ts';

/** Where a seller may depart from the protocol; each is called for every chunk unless noted. */
export interface Cheats {
  /** Chunk that is committed to and sealed. */
  readonly committed?: (index: number, chunk: Uint8Array) => Uint8Array;
  /** Chunk that is sealed instead of the committed one. */
  readonly sealed?: (index: number, chunk: Uint8Array) => Uint8Array;
  readonly ciphertext?: (index: number, ciphertext: Uint8Array) => Uint8Array;
  readonly commitment?: (index: number, commitment: Uint8Array) => Uint8Array;
  /** Once: the wrapped key. */
  readonly wrapped?: (wrapped: Uint8Array) => Uint8Array;
  /** Once: the content key that is wrapped. */
  readonly releasedKey?: (key: Uint8Array) => Uint8Array;
  readonly gaps?: number;
}

export interface Crafted extends Deal {
  readonly wrappedKey: Uint8Array;
  readonly contentKey: Uint8Array;
  readonly blocks: readonly CID[];
}

/** Datasets by what they were made of: the same series gives the same. */
const datasets = new WeakMap<Series, ReturnType<typeof createDataset>>();

function datasetOf(crypto: Crypto, series: Series): ReturnType<typeof createDataset> {
  const random = seededRandom(99);
  const dataset =
    datasets.get(series) ?? createDataset({ ...series, crypto, random: (length) => random.bytes(length) });
  datasets.set(series, dataset);
  return dataset;
}

/** A delivery made by hand, honest except for `cheats`, put into `store`. */
export async function craft(
  { crypto, seller, buyer }: Parties,
  store: Pick<ContentStore, 'put'>,
  series: Series,
  cheats: Cheats = {},
): Promise<Crafted> {
  const random = seededRandom(98);
  const dataset = datasetOf(crypto, series);
  const count = dataset.chunks.length;
  const salt = leafSalts(crypto, dataset.saltSeed);
  const committed = dataset.chunks.map((chunk, i) => cheats.committed?.(i, chunk) ?? chunk);
  const dataLeaves = committed.map((chunk, i) => dataLeaf(crypto, i, salt(i), chunk));
  const document = {
    ...dataset.document,
    descriptor: { ...dataset.document.descriptor, gaps: cheats.gaps ?? dataset.document.descriptor.gaps },
    dataRoot: merkleRoot(crypto, dataLeaves),
  };
  const recipientKey = await buyer.settlement.createRecipientKey();
  const trade = {
    tradeId: crypto.sha256(recipientKey),
    asset: assetIdOf(document, crypto),
    seller: seller.network.self,
    buyer: buyer.network.self,
    suite: 'x-wing',
    recipientKey,
  };
  const contentKey = random.bytes(32);
  const keyOf = chunkKeys(crypto, contentKey);
  const blocks: CID[] = [];
  const leaves = [];
  let bytes = 0;
  for (const [index, chunk] of committed.entries()) {
    const key = keyOf(index);
    const body = cheats.sealed?.(index, chunk) ?? chunk;
    const honest = sealChunk(
      crypto,
      { tradeId: trade.tradeId, index, count },
      key,
      concatBytes(salt(index), body),
    );
    const ciphertext = cheats.ciphertext?.(index, honest) ?? honest;
    const commitment = keyCommitment(crypto, index, key);
    const cid = await store.put(CODEC_RAW, ciphertext);
    blocks.push(cid);
    bytes += ciphertext.length;
    leaves.push({
      cipherDigest: cid.multihash.digest,
      dataLeaf: dataLeaves[index]!,
      keyCommitment: cheats.commitment?.(index, commitment) ?? commitment,
    });
  }
  const manifest = await store.put(
    CODEC_DAG_CBOR,
    encodeManifest({ tradeId: trade.tradeId, blocks, leaves }),
  );
  const delivery: SealedDelivery = {
    settlementRoot: settlementRootOf(crypto, leaves),
    manifest,
    chunks: count,
    bytes,
  };
  const wrapped = wrapContentKey(crypto as Crypto, {
    tradeId: trade.tradeId,
    settlementRoot: delivery.settlementRoot,
    recipientKey,
    contentKey: cheats.releasedKey?.(contentKey) ?? contentKey,
    randomness: random.bytes(64),
  });
  return { trade, document, delivery, wrappedKey: cheats.wrapped?.(wrapped) ?? wrapped, contentKey, blocks };
}
