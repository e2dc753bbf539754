import {
  type AbortOptions,
  type Crypto,
  type DatasetDocument,
  equalBytes,
  type OpenOutcome,
  type SettlementTrade,
  throwIfAborted,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { CHUNK_HEADER_BYTES, type Chunk, decodeChunk } from '../dataset/chunk.ts';
import { boundaryContradiction, chunkContradiction, joinChunks } from '../dataset/describe.ts';
import { bodyDigest } from '../dataset/leaf.ts';
import { inclusionProof } from '../merkle/tree.ts';
import { type OpenedChunk, openInContext } from '../sealing/chunk.ts';
import { sealContexts } from '../sealing/context.ts';
import { DEFAULT_KEY_SUITES, type KeySuite, keySuiteOf } from '../sealing/key-suite.ts';
import {
  CONTENT_KEY_BYTES,
  chunkKeys,
  isUnusableKey,
  keyCommitment,
  unwrapContentKey,
} from '../sealing/keys.ts';
import { encodeSealedLeaf, type Manifest } from '../sealing/manifest.ts';
import { encodeProof, type LeafEvidence, type Proof } from './proof.ts';

/** Options of {@link openDelivery}. */
export interface OpenOptions extends AbortOptions {
  readonly crypto: Crypto;
  readonly trade: SettlementTrade;
  readonly document: DatasetDocument;
  readonly settlementRoot: Uint8Array;
  /** Checked against the root and the document before. */
  readonly manifest: Manifest;
  /** Secret of the trade's one-time key. */
  readonly secretKey: Uint8Array;
  readonly wrappedKey: Uint8Array;
  /** Ways of wrapping keys that are taken. Default: X-Wing. */
  readonly suites?: readonly KeySuite[];
  /** Reads a sealed chunk, verified against its CID. */
  readonly read: (cid: CID) => Promise<Uint8Array>;
  /** Is given every chunk in the clear, in order, before the rest is known to be right. */
  readonly onChunk?: (chunk: Uint8Array) => void;
}

const caught = (proof: Proof, reason: string): OpenOutcome => ({
  kind: 'misbehaviour',
  proof: encodeProof(proof),
  reason,
});

/**
 * Unwraps the key and opens every chunk, checking each against what was committed to and promised. The first
 * contradiction ends it with a proof that `judgeProof` accepts; only what cannot be read throws (`ERR_CONTENT_*`), and what
 * is no fault of the seller's: `ERR_SETTLEMENT_SUITE`, `ERR_CRYPTO_PROVIDER`.
 */
export async function openDelivery(options: OpenOptions): Promise<OpenOutcome> {
  const { crypto, trade, document, manifest, secretKey } = options;
  const suite = keySuiteOf(options.suites ?? DEFAULT_KEY_SUITES, trade.suite);
  const count = document.chunks;
  const contexts = sealContexts(crypto, trade);
  const sealedLeaves = manifest.leaves.map(encodeSealedLeaf);
  const evidence = (index: number): LeafEvidence => ({
    index,
    leaf: sealedLeaves[index] ?? new Uint8Array(0),
    path: inclusionProof(crypto, sealedLeaves, index),
  });
  const dataPath = (index: number): readonly Uint8Array[] =>
    inclusionProof(
      crypto,
      manifest.leaves.map((leaf) => leaf.dataLeaf),
      index,
    );
  const wrongKey = (check: LeafEvidence | null, reason: string): OpenOutcome =>
    caught({ kind: 'wrong-key', secretKey, check }, reason);

  let contentKey: Uint8Array;
  try {
    contentKey = unwrapContentKey(crypto, {
      suite,
      tradeId: trade.tradeId,
      settlementRoot: options.settlementRoot,
      secretKey,
      wrappedKey: options.wrappedKey,
    });
  } catch (error) {
    if (!isUnusableKey(error)) throw error;
    return wrongKey(null, 'The released key does not unwrap with the one-time key of the trade');
  }
  if (contentKey.length !== CONTENT_KEY_BYTES) return wrongKey(null, 'The released key has a wrong length');

  const keyOf = chunkKeys(crypto, contentKey);
  const chunks: Chunk[] = [];
  let before: OpenedChunk | undefined;
  for (const [index, leaf] of manifest.leaves.entries()) {
    throwIfAborted(options.signal);
    const key = keyOf(index);
    if (!equalBytes(keyCommitment(crypto, index, key), leaf.keyCommitment)) {
      return wrongKey(
        evidence(index),
        `The released key does not give the key committed to for chunk ${index}`,
      );
    }
    const cid = manifest.blocks[index];
    if (cid === undefined) break;
    const ciphertext = await options.read(cid);
    const opened = openInContext(crypto, contexts, { index, count }, key, ciphertext, leaf.dataLeaf);
    if (opened === undefined) {
      return caught(
        { kind: 'wrong-data', check: evidence(index), ciphertext, key },
        `Chunk ${index} does not open to the data that was promised`,
      );
    }
    const described = (
      at: number,
      part: OpenedChunk,
      next: OpenedChunk | null,
      reason: string,
    ): OpenOutcome =>
      caught(
        {
          kind: 'wrong-description',
          index: at,
          salt: part.salt,
          chunk: part.chunk,
          path: dataPath(at),
          next:
            next === null
              ? null
              : {
                  header: next.chunk.subarray(0, CHUNK_HEADER_BYTES),
                  body: bodyDigest(crypto, at + 1, next.salt, next.chunk),
                  path: dataPath(at + 1),
                },
        },
        reason,
      );
    let chunk: Chunk;
    try {
      chunk = decodeChunk(opened.chunk);
    } catch {
      return described(index, opened, null, `Chunk ${index} is malformed`);
    }
    const alone = chunkContradiction(document, index, chunk);
    if (alone !== undefined) return described(index, opened, null, alone);
    const previous = chunks.at(-1);
    if (previous !== undefined && before !== undefined) {
      const between = boundaryContradiction(index - 1, previous, chunk);
      if (between !== undefined) return described(index - 1, before, opened, between);
    }
    chunks.push(chunk);
    options.onChunk?.(opened.chunk);
    before = opened;
  }
  return { kind: 'opened', document, consumption: joinChunks(chunks) };
}
