import {
  type AssetId,
  type Consumption,
  type Crypto,
  concatBytes,
  type DatasetDocument,
  type Descriptor,
} from '@edmp/interface';
import {
  assetIdOfBytes,
  DatasetError,
  encodeDatasetDocument,
  MAX_CHUNKS,
  STEP_MINUTES,
  validateDescriptor,
} from '@edmp/interface/dataset';
import { merkleRoot } from '../merkle/tree.ts';
import { CHUNK_HEADER_BYTES, chunkStart, encodeChunk, MAX_CHUNK_INTERVALS } from './chunk.ts';
import { dataLeaf, leafSalts } from './leaf.ts';
import { DEFAULT_CHUNK_BYTES, MAX_CHUNK_BYTES } from './limits.ts';

/** Options of {@link createDataset}. */
export interface CreateDatasetOptions {
  readonly descriptor: Descriptor;
  readonly consumption: Consumption;
  readonly crypto: Pick<Crypto, 'sha256' | 'hkdfExtract' | 'hkdfExpand'>;
  /** Source of the salt seed: 32 bytes of cryptographic quality. */
  readonly random: (length: number) => Uint8Array;
  /** Encoded chunk size aimed at, bytes, 256 … 49 152. Default 16 384; grows by itself for very large series. */
  readonly chunkBytes?: number;
}

/** A series split into its public and private parts. */
export interface Dataset {
  readonly document: DatasetDocument;
  /** Canonical dag-cbor of {@link Dataset.document}. */
  readonly documentBytes: Uint8Array;
  readonly asset: AssetId;
  /** Encoded private chunks, in order. */
  readonly chunks: readonly Uint8Array[];
  /** Salt ‖ chunk for each chunk: what is sealed. */
  readonly saltedChunks: readonly Uint8Array[];
  /** Leaf of each chunk in the data tree. */
  readonly leaves: readonly Uint8Array[];
  /** Seed of the leaf salts, 32 bytes: whoever knows it can guess readings from the data root. */
  readonly saltSeed: Uint8Array;
}

function expectFit(descriptor: Descriptor, consumption: Consumption): void {
  const { values, quality, offsetMinutes } = consumption;
  const refuse = (message: string): never => {
    throw new DatasetError('ERR_DATASET_CONSUMPTION', message);
  };
  if (values.length !== descriptor.count || quality.length !== descriptor.count) {
    refuse(
      `Expected ${descriptor.count} values and quality codes as the descriptor says, got ${values.length} and ${quality.length}`,
    );
  }
  const gaps = values.reduce<number>((sum, value) => (value === null ? sum + 1 : sum), 0);
  if (gaps !== descriptor.gaps)
    refuse(`Expected ${descriptor.gaps} gaps as the descriptor says, got ${gaps}`);
  if (!isOffset(descriptor, offsetMinutes)) {
    refuse(`Expected an offset inside the first day that is a multiple of the step, got ${offsetMinutes}`);
  }
}

/** Whether a series of the descriptor's step may start `offsetMinutes` after the first local midnight. */
export function isOffset(descriptor: Descriptor, offsetMinutes: number): boolean {
  const step = STEP_MINUTES[descriptor.step] ?? Number.POSITIVE_INFINITY;
  // The longest local day has 25 hours.
  return (
    Number.isInteger(offsetMinutes) &&
    offsetMinutes >= 0 &&
    offsetMinutes < 1500 &&
    (offsetMinutes === 0 || offsetMinutes % step === 0)
  );
}

/** Encodes `consumption` as `chunks` chunks; undefined when one of them would be larger than `limit`. */
function encodeAll(
  consumption: Consumption,
  chunks: number,
  limit: number,
): readonly Uint8Array[] | undefined {
  const count = consumption.values.length;
  const encoded: Uint8Array[] = [];
  let gaps = 0;
  for (let i = 0; i < chunks; i++) {
    const from = chunkStart(count, chunks, i);
    const to = chunkStart(count, chunks, i + 1);
    const chunk = encodeChunk(consumption, from, to, gaps);
    if (chunk.length > limit) return undefined;
    encoded.push(chunk);
    for (let k = from; k < to; k++) if (consumption.values[k] === null) gaps += 1;
  }
  return encoded;
}

/** Splits into as few even chunks as fit `target`; a larger target is tried before giving up on very long series. */
function splitSeries(consumption: Consumption, target: number): readonly Uint8Array[] {
  const count = consumption.values.length;
  // A value takes at most 8 bytes and its run 4; the loop therefore ends after a few steps.
  for (const limit of [target, MAX_CHUNK_BYTES]) {
    let chunks = Math.max(
      1,
      Math.ceil(count / MAX_CHUNK_INTERVALS),
      Math.ceil((count + CHUNK_HEADER_BYTES) / limit),
    );
    while (chunks <= Math.min(MAX_CHUNKS, count)) {
      const encoded = encodeAll(consumption, chunks, limit);
      if (encoded !== undefined) return encoded;
      chunks = Math.max(chunks + 1, Math.ceil(chunks * 1.25));
    }
  }
  throw new DatasetError(
    'ERR_DATASET_TOO_LARGE',
    `The series of ${count} intervals needs more than ${MAX_CHUNKS} chunks: sell it in parts`,
  );
}

/**
 * Data branching (the seed report's Figure 11, DESIGN §5.1): the public document and the private, salted chunks.
 *
 * Throws `ERR_DATASET_DESCRIPTOR`, `ERR_DATASET_CONSUMPTION`, `ERR_DATASET_TOO_LARGE`.
 */
export function createDataset(options: CreateDatasetOptions): Dataset {
  const { descriptor, consumption, crypto } = options;
  const target = options.chunkBytes ?? DEFAULT_CHUNK_BYTES;
  if (!Number.isInteger(target) || target < 256 || target > MAX_CHUNK_BYTES) {
    throw new DatasetError(
      'ERR_DATASET_CONSUMPTION',
      `Expected chunkBytes from 256 to ${MAX_CHUNK_BYTES}, got ${target}`,
    );
  }
  validateDescriptor(descriptor);
  expectFit(descriptor, consumption);
  const chunks = splitSeries(consumption, target);
  const saltSeed = options.random(32);
  const salt = leafSalts(crypto, saltSeed);
  const salts = chunks.map((_, i) => salt(i));
  const leaves = chunks.map((chunk, i) => dataLeaf(crypto, i, salts[i] ?? saltSeed, chunk));
  const saltedChunks = chunks.map((chunk, i) => concatBytes(salts[i] ?? saltSeed, chunk));
  const dataRoot = merkleRoot(crypto, leaves);
  const document: DatasetDocument = { v: 1, descriptor, dataRoot, chunks: chunks.length };
  const documentBytes = encodeDatasetDocument(document);
  const asset = assetIdOfBytes(documentBytes, crypto);
  return { document, documentBytes, asset, chunks, saltedChunks, leaves, saltSeed };
}
