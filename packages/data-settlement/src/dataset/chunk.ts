import { type Consumption, Quality } from '@edmp/interface';
import { DatasetError } from '@edmp/interface/dataset';
import { ByteReader, ByteWriter } from '../codec/byte-stream.ts';
import { CHUNK_PADDING_BYTES, MAX_CHUNK_BYTES } from './limits.ts';

/** Bytes of a chunk's header. */
export const CHUNK_HEADER_BYTES = 11;
const FORMAT = 1;
const NULL_FLAG = 0x80;
const MAX_QUALITY: number = Math.max(...Object.values(Quality));

/** The fixed head of a chunk: what two neighbours must agree on. */
export interface ChunkHeader {
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
 * Encodes the intervals `from … to` of a series as one chunk: format byte 1, count and gaps before (32 bits each,
 * big-endian), offset (16 bits); then runs of (quality code, plus 128 for no data; LEB128 length); then the LEB128
 * values of the intervals that have data; then zeros up to a multiple of {@link CHUNK_PADDING_BYTES}. There is no
 * other encoding of the same chunk, and nothing in it says whose, where or when.
 *
 * Throws `ERR_DATASET_CONSUMPTION` on values that are not integers from 0 to 2⁵³−1 and unknown quality codes.
 */
export function encodeChunk(series: Consumption, from: number, to: number, gapsBefore: number): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(FORMAT);
  writer.uint32(to - from);
  writer.uint32(gapsBefore);
  writer.uint16(from === 0 ? series.offsetMinutes : 0);
  let run = 0;
  let code = -1;
  for (let i = from; i < to; i++) {
    const value = series.values[i];
    const quality = series.quality[i];
    if (value === undefined || quality === undefined || quality > MAX_QUALITY) {
      throw new DatasetError(
        'ERR_DATASET_CONSUMPTION',
        `Expected a value and a quality code from 0 to ${MAX_QUALITY} for interval ${i}, got quality ${quality}`,
      );
    }
    const next = value === null ? quality | NULL_FLAG : quality;
    if (next !== code) {
      if (run > 0) writer.varint(run);
      writer.byte(next);
      code = next;
      run = 0;
    }
    run += 1;
  }
  writer.varint(run);
  for (let i = from; i < to; i++) {
    const value = series.values[i];
    if (value === null || value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
      throw new DatasetError(
        'ERR_DATASET_CONSUMPTION',
        `Expected interval ${i} to be null or an integer from 0 to 2^53-1: meters count in one direction`,
      );
    }
    writer.varint(value);
  }
  return writer.finish(CHUNK_PADDING_BYTES);
}

/** Decodes a header alone. Throws `ERR_DATASET_FORMAT`. */
export function decodeChunkHeader(bytes: Uint8Array): ChunkHeader {
  const reader = new ByteReader(bytes, fail);
  if (reader.byte() !== FORMAT) throw fail(`expected format ${FORMAT}`);
  return { count: reader.uint32(), gapsBefore: reader.uint32(), offsetMinutes: reader.uint16() };
}

/** Decodes a chunk and refuses every encoding but the canonical one. Throws `ERR_DATASET_FORMAT`. */
export function decodeChunk(bytes: Uint8Array): Chunk {
  if (bytes.length > MAX_CHUNK_BYTES)
    throw fail(`expected at most ${MAX_CHUNK_BYTES} bytes, got ${bytes.length}`);
  const header = decodeChunkHeader(bytes);
  const { count } = header;
  const reader = new ByteReader(bytes, fail, CHUNK_HEADER_BYTES);
  const { quality, nulls, gaps } = decodeRuns(reader, count);
  const values: (number | null)[] = [];
  for (let i = 0; i < count; i++) values.push(nulls[i] === 1 ? null : reader.varint());
  reader.padding(CHUNK_PADDING_BYTES);
  return { ...header, values, quality, gaps };
}

function decodeRuns(
  reader: ByteReader,
  count: number,
): { readonly quality: Uint8Array; readonly nulls: Uint8Array; readonly gaps: number } {
  // Each interval without data may share a run, so the byte length alone does not bound the count.
  if (count < 1 || count > MAX_CHUNK_INTERVALS) throw fail(`expected 1 to ${MAX_CHUNK_INTERVALS} intervals`);
  const quality = new Uint8Array(count);
  const nulls = new Uint8Array(count);
  let gaps = 0;
  let last = -1;
  for (let i = 0; i < count; ) {
    const code = reader.byte();
    if (code === last || (code & ~NULL_FLAG) > MAX_QUALITY) throw fail('unknown or repeated quality run');
    last = code;
    const run = reader.varint();
    if (run < 1 || run > count - i) throw fail('a quality run is empty or passes the end');
    quality.fill(code & ~NULL_FLAG, i, i + run);
    if ((code & NULL_FLAG) !== 0) {
      nulls.fill(1, i, i + run);
      gaps += run;
    }
    i += run;
  }
  return { quality, nulls, gaps };
}

/** Most intervals of one chunk: bounds the memory that a few bytes of runs can ask for. */
export const MAX_CHUNK_INTERVALS = 65_536;
