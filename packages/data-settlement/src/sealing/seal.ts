import {
  type AbortOptions,
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  type Crypto,
  type SealedDelivery,
  throwIfAborted,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { sealChunk } from './chunk.ts';
import { chunkKeys, keyCommitment } from './keys.ts';
import { encodeManifest, type SealedLeaf, settlementRootOf } from './manifest.ts';

/** Options of {@link sealDataset}. */
export interface SealOptions extends AbortOptions {
  readonly crypto: Pick<Crypto, 'sha256' | 'hkdfExtract' | 'hkdfExpand' | 'chacha20Poly1305Seal'>;
  /** Receives the sealed blocks. */
  readonly store: Pick<ContentStore, 'put'>;
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
}

/** Writes in flight at once: keeps a disk or a hashing thread busy while the next chunk is sealed. */
const WINDOW = 8;

/**
 * Seals a dataset for one trade and stores it: raw blocks under one dag-cbor manifest (DESIGN §5.2).
 * Deterministic: the same key, salts, trade and chunks give the same CIDs, so a repeat after a crash changes nothing.
 */
export async function sealDataset(options: SealOptions): Promise<SealedDelivery> {
  const { crypto, store, tradeId, count, signal } = options;
  const keyOf = chunkKeys(crypto, options.contentKey);
  const blocks: CID[] = [];
  const commitments: Uint8Array[] = [];
  const pending: Promise<CID>[] = [];
  let bytes = 0;
  let index = 0;
  const settleOne = async (): Promise<void> => {
    const cid = await pending.shift();
    if (cid !== undefined) blocks.push(cid);
  };
  try {
    for await (const saltedChunk of options.saltedChunks) {
      throwIfAborted(signal);
      const key = keyOf(index);
      const sealed = sealChunk(crypto, { tradeId, index, count }, key, saltedChunk);
      commitments.push(keyCommitment(crypto, index, key));
      bytes += sealed.length;
      pending.push(store.put(CODEC_RAW, sealed, { signal }));
      if (pending.length >= WINDOW) await settleOne();
      index += 1;
    }
    while (pending.length > 0) await settleOne();
  } finally {
    await Promise.allSettled(pending);
  }
  // The store's CID carries the SHA-256 of the sealed chunk: hashing it a second time would only cost.
  const leaves = blocks.map(
    (cid, i): SealedLeaf => ({
      cipherDigest: cid.multihash.digest,
      dataLeaf: options.dataLeaf(i),
      keyCommitment: commitments[i] ?? new Uint8Array(0),
    }),
  );
  const manifest = await store.put(CODEC_DAG_CBOR, encodeManifest({ tradeId, blocks, leaves }), { signal });
  return { settlementRoot: settlementRootOf(crypto, leaves), manifest, chunks: count, bytes };
}
