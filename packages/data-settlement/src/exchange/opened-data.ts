import { type AbortOptions, type KeyValueStore, throwIfAborted } from '@edmp/interface';
import { MAX_CHUNKS } from '@edmp/interface/dataset';
import { decodeBounded, encodeFields, integerOf, mapOf } from '../codec/fields.ts';
import { type Chunk, decodeChunk } from '../dataset/chunk.ts';
import { SettlementError } from '../errors.ts';
import { recordKey } from './records.ts';

/** Chunks written or read together: at most 4 MiB in memory. */
const BATCH = 64;

/**
 * Keeps bought data in the clear, so that it can be read again when the keys are gone. Durable when the promise resolves;
 * a crash before leaves nothing that {@link readOpened} takes for whole.
 */
export async function keepOpened(
  secrets: KeyValueStore,
  tradeId: Uint8Array,
  chunks: readonly Uint8Array[],
  { signal }: AbortOptions = {},
): Promise<void> {
  for (let at = 0; at < chunks.length; at += BATCH) {
    throwIfAborted(signal);
    const batch = chunks.slice(at, at + BATCH);
    await secrets.setMany(batch.map((chunk, i) => [recordKey.openedChunk(tradeId, at + i), chunk] as const));
  }
  throwIfAborted(signal);
  await secrets.set(recordKey.opened(tradeId), encodeFields({ v: 1, chunks: chunks.length }));
}

/** Whether the data of a trade is here in the clear, whole. */
export async function isOpened(secrets: KeyValueStore, tradeId: Uint8Array): Promise<boolean> {
  return (await secrets.get(recordKey.opened(tradeId))) !== undefined;
}

/** What {@link keepOpened} kept; undefined when there is nothing whole. Throws `ERR_SETTLEMENT_FORMAT` when it is damaged. */
export async function readOpened(
  secrets: KeyValueStore,
  tradeId: Uint8Array,
): Promise<readonly Chunk[] | undefined> {
  const mark = await secrets.get(recordKey.opened(tradeId));
  if (mark === undefined) return undefined;
  const map = mapOf(decodeBounded(mark, 64, 'opened data'), ['v', 'chunks'], 'opened data');
  integerOf(map.v, 1, 1, 'opened data.v');
  const count = integerOf(map.chunks, 1, MAX_CHUNKS, 'opened data.chunks');
  const chunks: Chunk[] = [];
  for (let index = 0; index < count; index++) {
    const bytes = await secrets.get(recordKey.openedChunk(tradeId, index));
    if (bytes === undefined) {
      throw new SettlementError('ERR_SETTLEMENT_FORMAT', `Bought data is damaged: chunk ${index} is gone`);
    }
    chunks.push(decodeChunk(bytes));
  }
  return chunks;
}

/** Destroys bought data. Returns how many private records that were. */
export async function shredOpened(secrets: KeyValueStore, tradeId: Uint8Array): Promise<number> {
  const shredded = await shredAll(secrets, recordKey.openedChunks(tradeId));
  if (!(await isOpened(secrets, tradeId))) return shredded;
  // Last, so that a crash in between leaves something that the next erasure finds.
  await secrets.delete(recordKey.opened(tradeId));
  return shredded + 1;
}

/** Destroys every entry below `prefix`. Returns how many there were. */
export async function shredAll(secrets: KeyValueStore, prefix: string): Promise<number> {
  for (let shredded = 0; ; ) {
    const page = await secrets.range(prefix, { limit: BATCH });
    if (page.length === 0) return shredded;
    await secrets.setMany(page.map(([key]) => [key, null] as const));
    shredded += page.length;
  }
}
