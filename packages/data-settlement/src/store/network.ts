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
        const bytes = frame.slice(1);
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
      for (let i = 0; i < cids.length; i += MAX_WANTED_BLOCKS) {
        yield* fetchSome(cids.slice(i, i + MAX_WANTED_BLOCKS), getOptions);
      }
    },
  };
  return reader;
}
