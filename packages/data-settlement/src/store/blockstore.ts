import { type ContentStore, concatBytes, isEdmpError } from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { ContentError } from '../errors.ts';
import { localContentStore } from './backend.ts';
import { type ForeignBlocks, type IndexedStoreOptions, indexedBackend } from './indexed.ts';

/** A block as a blockstore gives it: bytes, or bytes in pieces. */
export type BlockBytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * The part of `interface-blockstore` that is used, by shape: `helia.blockstore`, `blockstore-fs`, `blockstore-idb` and
 * others fit, in versions that return bytes and in those that return an iterable of bytes.
 */
export interface BlockstoreLike {
  get(cid: CID, options?: { readonly signal?: AbortSignal }): BlockBytes | Promise<BlockBytes>;
  /** May return anything; a promise is waited for. */
  put(cid: CID, bytes: Uint8Array, options?: { readonly signal?: AbortSignal }): unknown;
  /** May return anything; a promise is waited for. */
  delete(cid: CID, options?: { readonly signal?: AbortSignal }): unknown;
}

function tooLarge(maxBytes: number): ContentError {
  return new ContentError('ERR_CONTENT_TOO_LARGE', `Expected a block of at most ${maxBytes} bytes, got more`);
}

async function collect(source: BlockBytes, maxBytes: number): Promise<Uint8Array> {
  if (source instanceof Uint8Array) {
    if (source.length > maxBytes) throw tooLarge(maxBytes);
    return source.slice();
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source) {
    length += part.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    parts.push(part);
  }
  return concatBytes(...parts);
}

/** Names of errors that mean that a block is not there: of all blockstores, and of Helia 7 that may or can ask nobody. */
const ABSENT: ReadonlySet<unknown> = new Set([
  'NotFoundError',
  'BlockNotFoundWhileOfflineError',
  'InvalidConfigurationError',
]);

function isNotFound(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return ABSENT.has(name) || (typeof code === 'string' && code.endsWith('NOT_FOUND'));
}

/**
 * A `ContentStore` over an injected blockstore, e.g. Helia's, which then also fetches and serves the blocks by
 * bitswap. Nothing of Helia is imported. Reads may go to its network, bounded by `timeoutMs`.
 *
 * @param options - The `blockstore`, the index that remembers what this store put, and the wait for one block
 *   operation (`timeoutMs`, default 30 000).
 */
export function blockstoreContentStore(
  options: IndexedStoreOptions & { readonly blockstore: BlockstoreLike },
): ContentStore {
  const { blockstore } = options;
  const blocks: ForeignBlocks = {
    async read(cid, maxBytes, signal) {
      try {
        return await collect(await blockstore.get(cid, { signal }), maxBytes);
      } catch (cause) {
        if (isNotFound(cause)) return undefined;
        if (isEdmpError(cause) || signal.aborted) throw cause;
        throw new ContentError('ERR_CONTENT_UNREACHABLE', `The blockstore could not read ${cid}`, { cause });
      }
    },
    async write(cid, bytes, signal) {
      await blockstore.put(cid, bytes.slice(), { signal });
    },
    async remove(cid, signal) {
      try {
        await blockstore.delete(cid, { signal });
      } catch (cause) {
        if (!isNotFound(cause)) throw cause;
      }
      return true;
    },
  };
  return localContentStore(indexedBackend(blocks, options), options);
}
