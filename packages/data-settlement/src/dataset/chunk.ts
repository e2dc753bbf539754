import { type Consumption, Quality } from '@edmp/interface';
import { DatasetError } from '@edmp/interface/dataset';
import { ByteReader } from '../codec/byte-stream.ts';
import { MAX_CHUNK_BYTES } from './limits.ts';
import { decodeSlot, encodeSlot } from './slot.ts';

/** Bytes of a chunk's header. */
export const CHUNK_HEADER_BYTES = 11;
/** High half of a chunk's first byte; the low half is the number of bytes of an interval. */
const FORMAT = 2;
const MIN_SLOT_BYTES = 4;
const MAX_SLOT_BYTES = 6;
const MAX_QUALITY: number = Math.max(...Object.values(Quality));

/** The fixed head of a chunk: what two neighbours must agree on. */
export interface ChunkHeader {
  /** Bytes of each interval, 4 … 6. */
  readonly slotBytes: number;
  /** Number of intervals in this chunk. */
  readonly count: number;
  /** Number of intervals without data in all chunks before this one. */
  readonly gapsBefore: number;
  /** {@link Consumption.offsetMinutes} in chunk 0, 0 in the others. */
  readonly offsetMinutes: number;
}

/** A decoded chunk. */
export interface Chunk extends ChunkHeader {
  readonly values: readonly (number | null)[];
  readonly quality: Uint8Array;
  /** Number of intervals without data in this chunk. */
  readonly gaps: number;
}

const fail = (message: string): DatasetError =>
  new DatasetError('ERR_DATASET_FORMAT', `Bad chunk: ${message}`);

/** First interval of chunk `index` when `count` intervals are dealt out over `chunks` chunks as evenly as possible. */
export function chunkStart(count: number, chunks: number, index: number): number {
  return Math.floor((index * count) / chunks);
}

/**
 * Encodes the intervals `from … to` of a series as one chunk of 11 + (to − from) · `slotBytes` bytes, whatever the
 * values: a byte of format 2 (high half) and `slotBytes` (low half), count and gaps before (32 bits each,
 * big-endian), offset (16 bits); then each interval in `slotBytes` bytes, big-endian: 1 bit that is set when there is
 * no data, 3 bits of quality code, and the value, 0 where there is none. There is no other encoding of the same
 * chunk, and nothing in it says whose, where or when.
 *
 * Throws `ERR_DATASET_CONSUMPTION` on values that are not integers from 0 to 2^(8·slotBytes−4)−1 and unknown quality codes.
 *
 * @param to - Index behind the last interval of the chunk.
 * @param gapsBefore - How many intervals before `from` have no data.
 */
export function encodeChunk(
  series: Consumption,
  from: number,
  to: number,
  gapsBefore: number,
  slotBytes: number,
): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEADER_BYTES + (to - from) * slotBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FORMAT * 16 + slotBytes);
  view.setUint32(1, to - from);
  view.setUint32(5, gapsBefore);
  view.setUint16(9, from === 0 ? series.offsetMinutes : 0);
  const max = 2 ** (8 * slotBytes - 4) - 1;
  for (let i = from, at = CHUNK_HEADER_BYTES; i < to; i++, at += slotBytes) {
    const value = series.values[i];
    const quality = series.quality[i];
    if (value === undefined || quality === undefined || quality > MAX_QUALITY) {
      throw new DatasetError(
        'ERR_DATASET_CONSUMPTION',
        `Expected a value and a quality code from 0 to ${MAX_QUALITY} for interval ${i}, got quality ${quality}`,
      );
    }
    if (
      value !== null &&
      (!Number.isSafeInteger(value) || value < 0 || value > max || Object.is(value, -0))
    ) {
      throw new DatasetError(
        'ERR_DATASET_CONSUMPTION',
        `Expected interval ${i} to be null or an integer from 0 to ${max}, the most that an interval of this length can hold, got ${value}`,
      );
    }
    encodeSlot(bytes, at, slotBytes, quality, value);
  }
  return bytes;
}

/**
 * Decodes a header alone. Throws `ERR_DATASET_FORMAT`.
 *
 * @param bytes - A chunk as a stranger sent it, or its first 11 bytes alone.
 */
export function decodeChunkHeader(bytes: Uint8Array): ChunkHeader {
  const reader = new ByteReader(bytes, fail);
  const format = reader.byte();
  const slotBytes = format & 15;
  if (format >> 4 !== FORMAT || slotBytes < MIN_SLOT_BYTES || slotBytes > MAX_SLOT_BYTES) {
    throw fail(`expected format ${FORMAT} with ${MIN_SLOT_BYTES} to ${MAX_SLOT_BYTES} bytes an interval`);
  }
  return {
    slotBytes,
    count: reader.uint32(),
    gapsBefore: reader.uint32(),
    offsetMinutes: reader.uint16(),
  };
}

/**
 * Decodes a chunk and refuses every encoding but the canonical one. Throws `ERR_DATASET_FORMAT`.
 *
 * @param bytes - What a stranger sent, 48 KiB at most; anything may be given.
 */
export function decodeChunk(bytes: Uint8Array): Chunk {
  if (bytes.length > MAX_CHUNK_BYTES)
    throw fail(`expected at most ${MAX_CHUNK_BYTES} bytes, got ${bytes.length}`);
  const header = decodeChunkHeader(bytes);
  const { count, slotBytes } = header;
  // No interval takes fewer bytes than another, so the length bounds what decoding allocates.
  if (count < 1 || bytes.length !== CHUNK_HEADER_BYTES + count * slotBytes) {
    throw fail(`${count} intervals of ${slotBytes} bytes do not make ${bytes.length} bytes`);
  }
  const quality = new Uint8Array(count);
  const values: (number | null)[] = [];
  let gaps = 0;
  for (let i = 0; i < count; i++) {
    const slot = decodeSlot(bytes, CHUNK_HEADER_BYTES + i * slotBytes, slotBytes);
    if (slot === undefined || slot.quality > MAX_QUALITY)
      throw fail(`interval ${i} has an unknown quality code or a value where it has no data`);
    quality[i] = slot.quality;
    values.push(slot.value);
    if (slot.value === null) gaps += 1;
  }
  return { ...header, values, quality, gaps };
}
