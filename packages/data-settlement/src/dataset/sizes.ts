import type { DatasetDocument } from '@edmp/interface';
import { SLOT_BYTES } from '@edmp/interface/dataset';
import { CHUNK_HEADER_BYTES, chunkStart } from './chunk.ts';
import { SALT_BYTES } from './limits.ts';

/** Bytes of a Poly1305 tag (RFC 8439 §2.5). */
const TAG_BYTES = 16;

/**
 * Bytes of a sealed chunk (salt, header, intervals, tag): what the document says and nothing else.
 *
 * @param index - Place of the chunk in the dataset, from 0.
 */
export function sealedChunkBytes(
  document: Pick<DatasetDocument, 'descriptor' | 'chunks'>,
  index: number,
): number {
  const { count, step } = document.descriptor;
  const slots = chunkStart(count, document.chunks, index + 1) - chunkStart(count, document.chunks, index);
  return SALT_BYTES + CHUNK_HEADER_BYTES + slots * SLOT_BYTES[step] + TAG_BYTES;
}

/** Bytes of all sealed chunks of a dataset: what the acceptance of a trade must announce. */
export function sealedBytes(document: Pick<DatasetDocument, 'descriptor' | 'chunks'>): number {
  const { count, step } = document.descriptor;
  return document.chunks * (SALT_BYTES + CHUNK_HEADER_BYTES + TAG_BYTES) + count * SLOT_BYTES[step];
}
