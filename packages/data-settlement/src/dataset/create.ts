import {
  type AssetId,
  type Consumption,
  type Crypto,
  concatBytes,
  type DatasetDocument,
  type Descriptor,
} from '@edmp/interface';
import {
  areGapsTold,
  assetIdOfBytes,
  chunkCountOf,
  DatasetError,
  encodeDatasetDocument,
  SLOT_BYTES,
  STEP_MINUTES,
  validateDescriptor,
} from '@edmp/interface/dataset';
import { merkleRoot } from '../merkle/tree.ts';
import { chunkStart, encodeChunk } from './chunk.ts';
import { dataLeaf, leafSalts } from './leaf.ts';

/** Options of {@link createDataset}. */
export interface CreateDatasetOptions {
  readonly descriptor: Descriptor;
  readonly consumption: Consumption;
  readonly crypto: Pick<Crypto, 'sha256' | 'hkdfExtract' | 'hkdfExpand'>;
  /** Source of the salt seed: 32 bytes of cryptographic quality. */
  readonly random: (length: number) => Uint8Array;
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
  if (!areGapsTold(descriptor.count, descriptor.gaps, gaps))
    refuse(`Expected ${descriptor.gaps} gaps as the descriptor says, exact or rounded up, got ${gaps}`);
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

/** Encodes `consumption` as the chunks that the descriptor calls for. */
function splitSeries(descriptor: Descriptor, consumption: Consumption): readonly Uint8Array[] {
  const chunks = chunkCountOf(descriptor);
  const encoded: Uint8Array[] = [];
  let gaps = 0;
  for (let i = 0; i < chunks; i++) {
    const from = chunkStart(descriptor.count, chunks, i);
    const to = chunkStart(descriptor.count, chunks, i + 1);
    encoded.push(encodeChunk(consumption, from, to, gaps, SLOT_BYTES[descriptor.step]));
    for (let k = from; k < to; k++) if (consumption.values[k] === null) gaps += 1;
  }
  return encoded;
}

/**
 * Data branching (the seed report's Figure 11, DESIGN §5.1): the public document and the private, salted chunks.
 *
 * How many chunks there are and how long each is follows from the descriptor alone. Throws `ERR_DATASET_DESCRIPTOR`,
 * `ERR_DATASET_CONSUMPTION`.
 */
export function createDataset(options: CreateDatasetOptions): Dataset {
  const { descriptor, consumption, crypto } = options;
  validateDescriptor(descriptor);
  expectFit(descriptor, consumption);
  const chunks = splitSeries(descriptor, consumption);
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
