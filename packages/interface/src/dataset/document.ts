import type { FieldFailureOptions } from '../format/failure.ts';
import { type FieldReaders, fieldReaders } from '../format/fields.ts';
import { type Descriptor, descriptorOf } from './descriptor.ts';
import { DatasetError } from './errors.ts';
import { MAX_CHUNKS, MAX_DOCUMENT_BYTES } from './limits.ts';
import { chunkCountOf } from './sizes.ts';

/** What a data asset names: descriptor and commitment. Its CID, after `EW`, is the asset id. */
export interface DatasetDocument {
  readonly v: 1;
  readonly descriptor: Descriptor;
  /** Root of the RFC 9162 tree over the salted leaves of the private chunks, 32 bytes. */
  readonly dataRoot: Uint8Array;
  /** Number of private chunks, 1 … 9 900: exactly what {@link chunkCountOf} gives for the descriptor. */
  readonly chunks: number;
}

const FIELDS = ['v', 'descriptor', 'dataRoot', 'chunks'] as const;

const read: FieldReaders = fieldReaders(
  (message: string, { cause }: FieldFailureOptions) =>
    new DatasetError('ERR_DATASET_FORMAT', `A dataset's ${message}`, { cause }),
);

/**
 * A dataset document out of a decoded value: every field and bound checked, nothing taken that is not a field, the same
 * answer on every machine. Throws `ERR_DATASET_FORMAT` or `ERR_DATASET_DESCRIPTOR`.
 *
 * @param value - What a decoder made of a stranger's bytes; anything may be given.
 */
export function datasetDocumentOf(value: unknown): DatasetDocument {
  const fields = read.mapOf(value, FIELDS, 'document');
  read.integerOf(fields.v, 1, 1, 'document.v');
  const descriptor = descriptorOf(fields.descriptor);
  const dataRoot = read.bytesOf(fields.dataRoot, 32, 'document.dataRoot');
  const chunks = read.integerOf(fields.chunks, 1, MAX_CHUNKS, 'document.chunks');
  const expected = chunkCountOf(descriptor);
  if (chunks !== expected) {
    // A seller's own choice would be a channel by which values could show.
    throw new DatasetError(
      'ERR_DATASET_FORMAT',
      `A dataset's document.chunks: expected ${expected} for ${descriptor.count} intervals of ${descriptor.step}, got ${chunks}`,
    );
  }
  return { v: 1, descriptor, dataRoot, chunks };
}

/**
 * Canonical dag-cbor of a dataset document, with the field names of {@link DatasetDocument}.
 * Throws `ERR_DATASET_DESCRIPTOR` or `ERR_DATASET_FORMAT` when a field is out of bounds.
 */
export function encodeDatasetDocument(document: DatasetDocument): Uint8Array {
  const bytes = read.encodeFields(datasetDocumentOf(document), 'document');
  return read.boundedBytesOf(bytes, MAX_DOCUMENT_BYTES, 'document');
}

/**
 * Reads a dataset document strictly: one encoding, no unknown fields, every bound checked.
 * Throws `ERR_DATASET_FORMAT` or `ERR_DATASET_DESCRIPTOR`.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function decodeDatasetDocument(bytes: Uint8Array): DatasetDocument {
  return datasetDocumentOf(read.decodeBounded(bytes, MAX_DOCUMENT_BYTES, 'document'));
}
