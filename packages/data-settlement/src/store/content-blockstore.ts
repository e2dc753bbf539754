import {
  type AbortOptions,
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  concatBytes,
  isEdmpError,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { expectSupportedCid, isSupportedCid, MAX_READ_BYTES } from '../codec/cid.ts';
import { ContentError } from '../errors.ts';
import type { BlockBytes } from './blockstore.ts';

/** A block of a {@link ContentBlockstore}. */
export interface BlockPair {
  readonly cid: CID;
  readonly bytes: AsyncGenerator<Uint8Array>;
}

/**
 * What `interface-blockstore` 7 calls a blockstore, by shape: what `createHelia` and `createHeliaLight` of Helia 7 take.
 * Nothing of Helia is imported.
 */
export interface ContentBlockstore {
  has(cid: CID, options?: AbortOptions): Promise<boolean>;
  get(cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array>;
  put(cid: CID, bytes: BlockBytes, options?: AbortOptions): Promise<CID>;
  delete(cid: CID, options?: AbortOptions): Promise<void>;
  getMany(source: Iterable<CID> | AsyncIterable<CID>, options?: AbortOptions): AsyncGenerator<BlockPair>;
  putMany(
    source: Iterable<BlockInput> | AsyncIterable<BlockInput>,
    options?: AbortOptions,
  ): AsyncGenerator<CID>;
  deleteMany(source: Iterable<CID> | AsyncIterable<CID>, options?: AbortOptions): AsyncGenerator<CID>;
  getAll(options?: AbortOptions): AsyncGenerator<BlockPair>;
}

/** A block that is put with others. */
export interface BlockInput {
  readonly cid: CID;
  readonly bytes: BlockBytes;
}

/** The name is what callers of a blockstore look at. */
class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/**
 * A content store as a blockstore, e.g. for Helia: it then reads what this node holds, and what it fetches is stored
 * here. Every read verifies its hash. What is absent is a `NotFoundError`, as such stores have it; blocks of other
 * codecs and hashes are absent, and putting one throws `ERR_CONTENT_CODEC`, one with another hash `ERR_CONTENT_HASH`.
 * Deleting throws `ERR_CONTENT_READ_ONLY`: what a running deal needs is kept by its pin, and `collect` of the content
 * store removes the rest.
 *
 * @param content - The store; it stays the caller's to close.
 */
export function contentBlockstore(content: ContentStore): ContentBlockstore {
  const read = async (cid: CID, options?: AbortOptions): Promise<Uint8Array> => {
    if (isSupportedCid(cid)) {
      try {
        return await content.get(cid, { signal: options?.signal });
      } catch (error) {
        if (!isEdmpError(error) || error.code !== 'ERR_CONTENT_NOT_FOUND') throw error;
      }
    }
    throw new NotFoundError(`${cid} is not held here`);
  };
  const write = async (cid: CID, bytes: BlockBytes, options?: AbortOptions): Promise<CID> => {
    expectSupportedCid(cid);
    const codec = cid.code === CODEC_DAG_CBOR ? CODEC_DAG_CBOR : CODEC_RAW;
    const stored = await content.put(codec, await collected(bytes), { signal: options?.signal });
    if (stored.equals(cid)) return cid;
    throw new ContentError('ERR_CONTENT_HASH', `Expected the bytes of ${cid}, got those of ${stored}`);
  };
  const refuse = (): never => {
    throw new ContentError(
      'ERR_CONTENT_READ_ONLY',
      'Blocks of a content store are not deleted one by one: unpin what is over and collect',
    );
  };
  async function* bytesOf(cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    yield await read(cid, options);
  }
  return {
    has: async (cid, options) => isSupportedCid(cid) && content.has(cid, { signal: options?.signal }),
    get: bytesOf,
    put: write,
    delete: async () => refuse(),
    async *getMany(source, options) {
      for await (const cid of source) yield { cid, bytes: bytesOf(cid, options) };
    },
    async *putMany(source, options) {
      for await (const { cid, bytes } of source) yield write(cid, bytes, options);
    },
    async *deleteMany(source) {
      for await (const _ of source) yield refuse();
    },
    async *getAll(options) {
      for await (const cid of content.list({ signal: options?.signal }))
        yield { cid, bytes: bytesOf(cid, options) };
    },
  };
}

async function collected(bytes: BlockBytes): Promise<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytes;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of bytes) {
    length += part.length;
    if (length > MAX_READ_BYTES) {
      throw new ContentError(
        'ERR_CONTENT_TOO_LARGE',
        `Expected a block of at most ${MAX_READ_BYTES} bytes, got more`,
      );
    }
    parts.push(part);
  }
  return concatBytes(...parts);
}
