import { type ContentReader, type ContentStore, isEdmpError } from '@edmp/interface';
import { ContentError } from '../errors.ts';
import { putBlocks } from './put-blocks.ts';

/** Whether another source may still have the block that this one failed to give. */
function mayTryNext(error: unknown): boolean {
  return (
    isEdmpError(error) && !['ERR_ABORTED', 'ERR_CONTENT_CODEC', 'ERR_INVALID_ARGUMENT'].includes(error.code)
  );
}

/** First source that gives the block; the error of the last one when none does. */
async function firstOf(
  readers: readonly ContentReader[],
  ...args: Parameters<ContentReader['get']>
): Promise<{ readonly bytes: Uint8Array; readonly index: number }> {
  let last: unknown;
  for (const [index, reader] of readers.entries()) {
    try {
      return { bytes: await reader.get(...args), index };
    } catch (error) {
      if (!mayTryNext(error)) throw error;
      // "Not found" by one source says less than why another could not answer.
      if (last === undefined || !isEdmpError(error, 'ERR_CONTENT_NOT_FOUND')) last = error;
    }
  }
  throw last ?? new ContentError('ERR_CONTENT_NOT_FOUND', `No source was given to read ${args[0]} from`);
}

/**
 * A `ContentStore` that reads from `local` first and then from each of `remote` in turn, keeping what it finds.
 * Everything else (`has`, `list`, pins, collection) speaks of `local` alone. A remote copy that is damaged or missing
 * sends the read on to the next source.
 *
 * @param options - `local` is read first and written to, `remote` are asked in their order.
 */
export function layeredContentStore(options: {
  readonly local: ContentStore;
  readonly remote: readonly ContentReader[];
}): ContentStore {
  const { local, remote } = options;
  return {
    can: local.can,
    async get(cid, getOptions) {
      const { bytes, index } = await firstOf([local, ...remote], cid, getOptions);
      if (index > 0 && local.can.write) {
        await local.put(cid.code === 0x71 ? 0x71 : 0x55, bytes, { signal: getOptions?.signal });
      }
      return bytes;
    },
    has: (cid, hasOptions) => local.has(cid, hasOptions),
    put: (codec, bytes, putOptions) => local.put(codec, bytes, putOptions),
    putMany: (blocks, putOptions) => putBlocks(local, blocks, putOptions),
    pin: (cid, owner, pinOptions) => local.pin(cid, owner, pinOptions),
    unpin: (cid, owner, unpinOptions) => local.unpin(cid, owner, unpinOptions),
    collect: (collectOptions) => local.collect(collectOptions),
    list: (listOptions) => local.list(listOptions),
    [Symbol.asyncDispose]() {
      return this.close();
    },
    close: () => local.close(),
  };
}
