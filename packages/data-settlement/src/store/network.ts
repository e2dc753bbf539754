import {
  type AbortOptions,
  type ContentReader,
  type Crypto,
  isEdmpError,
  type Network,
  type PublicKey,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { expectSupportedCid, MAX_READ_BYTES, verifyBlock } from '../codec/cid.ts';
import { ContentError } from '../errors.ts';
import {
  CONTENT_PROTOCOL,
  encodeContentRequest,
  FrameStatus,
  MAX_WANTED_BLOCKS,
} from './content-protocol.ts';

/** A {@link ContentReader} that can fetch many blocks in few round trips. */
export interface BulkContentReader extends ContentReader {
  /** The blocks of `cids`, verified, in order. Throws like `get` at the first that cannot be had. */
  getMany(
    cids: readonly CID[],
    options?: AbortOptions & { readonly maxBytes?: number },
  ): AsyncIterable<Uint8Array>;
}

/** Whether a reader has {@link BulkContentReader.getMany}. */
export function isBulkReader(reader: ContentReader): reader is BulkContentReader {
  return typeof (reader as Partial<BulkContentReader>).getMany === 'function';
}

/** Options of {@link networkContentStore}. */
export interface NetworkContentOptions {
  readonly network: Pick<Network, 'request'>;
  readonly crypto: Pick<Crypto, 'sha256'>;
  /** Peer that serves `/edmp/content/1`. */
  readonly peer: PublicKey;
  /** Manifest under which the wanted blocks hang. */
  readonly root: CID;
}

/**
 * Blocks of one request that are still to come when the next request is sent: 0.5 to 1.5 MB hide a round trip, and what is
 * sent ahead waits for no longer than they take, which a peer allows a minute for (9 to 25 kB/s).
 */
const BLOCKS_AHEAD = 32;

/** A request that is under way. */
interface Fetching {
  readonly blocks: AsyncIterator<Uint8Array>;
  readonly first: Promise<IteratorResult<Uint8Array>>;
}

function begun(source: AsyncIterable<Uint8Array>): Fetching {
  const blocks = source[Symbol.asyncIterator]();
  const first = blocks.next();
  // Told to whoever comes to it, and to nobody when the one before has failed.
  first.catch(() => undefined);
  return { blocks, first };
}

function unreachable(cause: unknown): unknown {
  if (!isEdmpError(cause) || !cause.code.startsWith('ERR_NETWORK_')) return cause;
  return new ContentError('ERR_CONTENT_UNREACHABLE', `The peer did not deliver: ${cause.message}`, {
    cause,
    details: { code: cause.code },
    retryable: true,
  });
}

/** Reads blocks from one peer over `/edmp/content/1`; every block is verified against its CID. */
export function networkContentStore(options: NetworkContentOptions): BulkContentReader {
  const { network, crypto, peer, root } = options;
  const fetchSome = async function* (
    want: readonly CID[],
    getOptions: AbortOptions & { readonly maxBytes?: number },
  ): AsyncIterable<Uint8Array> {
    const maxBytes = getOptions.maxBytes ?? MAX_READ_BYTES;
    let i = 0;
    try {
      const frames = network.request(peer, CONTENT_PROTOCOL, encodeContentRequest({ root, want }), {
        signal: getOptions.signal,
        maxFrameBytes: maxBytes + 1,
        maxResponseBytes: (maxBytes + 1) * want.length,
      });
      for await (const frame of frames) {
        const cid = want[i];
        if (cid === undefined) {
          throw new ContentError(
            'ERR_CONTENT_UNREACHABLE',
            `Expected ${want.length} blocks, the peer sent more`,
          );
        }
        if (frame[0] !== FrameStatus.block) {
          throw new ContentError('ERR_CONTENT_NOT_FOUND', `The peer does not give us ${cid}`, {
            details: { cid: cid.toString() },
          });
        }
        // Frames are copies that nobody else has: the block may stay in its own.
        const bytes = frame.subarray(1);
        verifyBlock(crypto, cid, bytes);
        i += 1;
        yield bytes;
      }
    } catch (cause) {
      throw unreachable(cause);
    }
    if (i < want.length) {
      throw new ContentError('ERR_CONTENT_UNREACHABLE', `Expected ${want.length} blocks, the peer sent ${i}`);
    }
  };
  const reader: BulkContentReader = {
    async get(cid, getOptions = {}) {
      let only = new Uint8Array(0) as Uint8Array;
      for await (const bytes of reader.getMany([cid], getOptions)) only = bytes;
      return only;
    },
    async *getMany(cids, getOptions = {}) {
      for (const cid of cids) expectSupportedCid(cid);
      const ending = new AbortController();
      const { signal } = getOptions;
      const ended = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]);
      const begin = (from: number): Fetching | undefined => {
        const want = cids.slice(from, from + MAX_WANTED_BLOCKS);
        return want.length === 0 ? undefined : begun(fetchSome(want, { ...getOptions, signal: ended }));
      };
      try {
        let now = begin(0);
        for (let from = MAX_WANTED_BLOCKS; now !== undefined; from += MAX_WANTED_BLOCKS) {
          let then: Fetching | undefined;
          let left = MAX_WANTED_BLOCKS;
          for (let next = await now.first; next.done !== true; next = await now.blocks.next()) {
            left -= 1;
            if (left === BLOCKS_AHEAD) then = begin(from);
            yield next.value;
          }
          now = then;
        }
      } finally {
        ending.abort();
      }
    },
  };
  return reader;
}
