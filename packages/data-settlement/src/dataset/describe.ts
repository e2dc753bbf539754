import type { Consumption, DatasetDocument } from '@edmp/interface';
import { areGapsTold, SLOT_BYTES } from '@edmp/interface/dataset';
import { type Chunk, type ChunkHeader, chunkStart } from './chunk.ts';
import { isOffset } from './create.ts';

/**
 * What is wrong with one decoded chunk against the signed document, in words; undefined = nothing.
 *
 * Uses nothing but bytes that were signed or committed to (no calendar), so that every verifier gets the same answer.
 */
export function chunkContradiction(
  document: DatasetDocument,
  index: number,
  chunk: Chunk,
): string | undefined {
  const { descriptor, chunks } = document;
  const expected =
    chunkStart(descriptor.count, chunks, index + 1) - chunkStart(descriptor.count, chunks, index);
  if (chunk.count !== expected) return `chunk ${index} has ${chunk.count} intervals, promised ${expected}`;
  if (chunk.slotBytes !== SLOT_BYTES[descriptor.step])
    return `chunk ${index} has ${chunk.slotBytes} bytes an interval, its step calls for ${SLOT_BYTES[descriptor.step]}`;
  if (index === 0 ? !isOffset(descriptor, chunk.offsetMinutes) : chunk.offsetMinutes !== 0) {
    return `chunk ${index} starts ${chunk.offsetMinutes} minutes into the day, which its step does not allow`;
  }
  if (index === 0 && chunk.gapsBefore !== 0) return 'chunk 0 claims gaps before it';
  const gaps = chunk.gapsBefore + chunk.gaps;
  const isLast = index === chunks - 1;
  if (gaps > descriptor.gaps || (isLast && !areGapsTold(descriptor.count, descriptor.gaps, gaps))) {
    return `up to chunk ${index} there are ${gaps} gaps, promised ${descriptor.gaps} in all`;
  }
  return undefined;
}

/** What is wrong between a chunk and the header of the next one; undefined = nothing. */
export function boundaryContradiction(index: number, chunk: Chunk, next: ChunkHeader): string | undefined {
  const gaps = chunk.gapsBefore + chunk.gaps;
  return next.gapsBefore === gaps
    ? undefined
    : `chunk ${index + 1} claims ${next.gapsBefore} gaps before it, there are ${gaps}`;
}

/** Joins chunks into a series. */
export function joinChunks(chunks: readonly Chunk[]): Consumption {
  const values: (number | null)[] = [];
  const quality = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.count, 0));
  for (const chunk of chunks) {
    quality.set(chunk.quality, values.length);
    for (const value of chunk.values) values.push(value);
  }
  return { values, quality, offsetMinutes: chunks[0]?.offsetMinutes ?? 0 };
}
