import {
  type AbortOptions,
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  type SealedDelivery,
  throwIfAborted,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { cidOfDigest } from '../codec/cid.ts';
import { putBlocks } from '../store/put-blocks.ts';
import { encodeManifest, type SealedLeaf, settlementRootOf } from './manifest.ts';
import { type ChunkSealer, localSealer, type SealCrypto, type SealedChunk } from './sealer.ts';

/** Options of {@link sealDataset}. */
export interface SealOptions extends AbortOptions {
  readonly crypto: SealCrypto;
  /** Receives the sealed blocks. */
  readonly store: Pick<ContentStore, 'put' | 'putMany'>;
  /** Id of the trade, or the shared context of the dataset; 32 bytes. */
  readonly tradeId: Uint8Array;
  /** 32 bytes, used in this context alone. */
  readonly contentKey: Uint8Array;
  /** Number of chunks. */
  readonly count: number;
  /** Salt ‖ encoded chunk, in order. */
  readonly saltedChunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Leaf of each chunk in the data tree, known since the dataset was made. */
  readonly dataLeaf: (index: number) => Uint8Array;
  /** Seals the chunks. Default: the calling thread. */
  readonly sealer?: ChunkSealer;
}

/** Chunks that are sealed and stored together: about 1 MB as nodes cut them, some 2 ms of work. */
const BATCH = 64;
/** Batches that are being stored at the same time: a disk is busy while the next ones are sealed. */
const STORING = 2;

/**
 * Seals a dataset for one trade and stores it: raw blocks under one dag-cbor manifest (DESIGN §5.2).
 * Deterministic: the same key, salts, trade and chunks give the same CIDs, so a repeat after a crash changes nothing.
 * Holds a few megabytes of it at a time, however long it is.
 */
export async function sealDataset(options: SealOptions): Promise<SealedDelivery> {
  const { crypto, store, tradeId, contentKey, count, signal } = options;
  const sealer = options.sealer ?? localSealer(crypto);
  const blocks: CID[] = [];
  const leaves: SealedLeaf[] = [];
  const sealing: Promise<readonly SealedChunk[]>[] = [];
  const storing: Promise<void>[] = [];
  let bytes = 0;

  const storeOldest = async (): Promise<void> => {
    const sealed = (await sealing.shift()) ?? [];
    throwIfAborted(signal);
    const batch = sealed.map((chunk) => ({
      cid: cidOfDigest(CODEC_RAW, chunk.digest),
      bytes: chunk.bytes,
    }));
    for (const [i, { digest, keyCommitment, bytes: sealedBytes }] of sealed.entries()) {
      const dataLeaf = options.dataLeaf(leaves.length);
      leaves.push({ cipherDigest: digest, dataLeaf, keyCommitment });
      bytes += sealedBytes.length;
      const cid = batch[i]?.cid;
      if (cid !== undefined) blocks.push(cid);
    }
    storing.push(putBlocks(store, batch, { signal }));
    if (storing.length >= STORING) await storing.shift();
  };

  try {
    let first = 0;
    for await (const saltedChunks of batchesOf(options.saltedChunks)) {
      throwIfAborted(signal);
      sealing.push(sealer.seal({ contentKey, tradeId, count, first, saltedChunks }, { signal }));
      first += saltedChunks.length;
      if (sealing.length >= sealer.atOnce) await storeOldest();
    }
    while (sealing.length > 0) await storeOldest();
    while (storing.length > 0) await storing.shift();
  } finally {
    await Promise.allSettled([...sealing, ...storing]);
  }
  const manifest = await store.put(CODEC_DAG_CBOR, encodeManifest({ tradeId, blocks, leaves }), { signal });
  return { settlementRoot: settlementRootOf(crypto, leaves), manifest, chunks: count, bytes };
}

async function* batchesOf(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncIterable<readonly Uint8Array[]> {
  let batch: Uint8Array[] = [];
  // What is there already is not waited for, chunk by chunk.
  if (Symbol.iterator in chunks) {
    for (const chunk of chunks) {
      batch.push(chunk);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
  } else {
    for await (const chunk of chunks) {
      batch.push(chunk);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
