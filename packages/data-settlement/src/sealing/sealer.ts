import type { AbortOptions, Crypto } from '@edmp/interface';
import { sealChunk } from './chunk.ts';
import { chunkKeys, keyCommitment } from './keys.ts';

/** Some chunks of one dataset, one after the other, to be sealed for one trade. */
export interface SealJob {
  /** The key that the delivery is sealed under, 32 bytes. */
  readonly contentKey: Uint8Array;
  /** Id of the trade, or the shared context of the dataset; 32 bytes. */
  readonly tradeId: Uint8Array;
  /** Number of chunks of the whole delivery. */
  readonly count: number;
  /** Place of the first of these chunks in the delivery, from 0. */
  readonly first: number;
  /** Salt ‖ encoded chunk, in order. */
  readonly saltedChunks: readonly Uint8Array[];
}

/** What sealing makes of one chunk. */
export interface SealedChunk {
  /** Ciphertext and tag. */
  readonly bytes: Uint8Array;
  /** SHA-256 of them, 32 bytes. */
  readonly digest: Uint8Array;
  /** Commitment to the key of the chunk, 32 bytes. */
  readonly keyCommitment: Uint8Array;
}

/** Seals chunks, on this thread or on others; the bytes are the same wherever it is done. */
export interface ChunkSealer {
  /** Jobs that are worth having under way at the same time. */
  readonly atOnce: number;
  /** Seals the chunks of a job, in order. */
  seal(job: SealJob, options?: AbortOptions): Promise<readonly SealedChunk[]>;
}

/** The part of a crypto provider that sealing needs. */
export type SealCrypto = Pick<Crypto, 'sha256' | 'hkdfExtract' | 'hkdfExpand' | 'chacha20Poly1305Seal'>;

/** Seals the chunks of a job on the calling thread. */
export function sealHere(crypto: SealCrypto, job: SealJob): readonly SealedChunk[] {
  const { tradeId, count, first } = job;
  const keyOf = chunkKeys(crypto, job.contentKey);
  return job.saltedChunks.map((chunk, i) => {
    const index = first + i;
    const key = keyOf(index);
    const bytes = sealChunk(crypto, { tradeId, index, count }, key, chunk);
    return { bytes, digest: crypto.sha256(bytes), keyCommitment: keyCommitment(crypto, index, key) };
  });
}

/** A {@link ChunkSealer} on the calling thread: what is used where no other is given, in browsers and simulations. */
export function localSealer(crypto: SealCrypto): ChunkSealer {
  return { atOnce: 1, seal: async (job) => sealHere(crypto, job) };
}
