import { type BlockStore, type HalfBlock, type RequestHandler, throwIfAborted } from '@edmp/interface';
import { ChainError } from '../../chain/errors.ts';
import { encodeBlocks, FRAME_TARGET_BYTES, MAX_FRAME_BLOCKS } from '../messages.ts';
import { blocksPrice, REQUEST_PRICE } from '../prices.ts';
import type { Quota } from '../quota.ts';
import { linkFrames } from './link-frames.ts';
import { bytesOf, positionReader } from './position-reader.ts';
import { decodeSyncRequest, encodeSyncEnd, type SyncEnd, type SyncRequest } from './sync-messages.ts';

/** Blocks in one answer at most, but for the last frame. */
export const MAX_SERVED = 16_384;
/** Bytes in one answer at most, but for the last frame. */
export const MAX_SERVED_BYTES = 67_108_864;

/** Blocks of one frame. */
export interface ServedFrame {
  /** Whole positions; may be empty. */
  readonly blocks: readonly HalfBlock[];
  /** Tokens that finding them cost beyond their own price. */
  readonly price: number;
}

/** What is left of an answer, read a frame at a time. */
export interface FrameSource {
  /** The next frame; undefined at the end. */
  next(): Promise<ServedFrame | undefined>;
  /** Where a later request goes on; `next` is null at the end. */
  end(): SyncEnd;
}

/** Blocks of a position that fit one frame: only a cheat's may not, and two of them prove it. */
const fitting = (blocks: readonly HalfBlock[]): readonly HalfBlock[] => {
  if (blocks.length === 1) return blocks;
  let bytes = 0;
  return blocks.slice(0, MAX_FRAME_BLOCKS).filter((block) => {
    bytes += bytesOf([block]);
    return bytes <= FRAME_TARGET_BYTES;
  });
};

/** The blocks of a chain. */
function chainFrames(store: BlockStore, { author, ranges }: SyncRequest): FrameSource {
  const reader = positionReader(store, author, ranges);
  return {
    async next() {
      const frame: HalfBlock[] = [];
      let bytes = 0;
      while (frame.length < MAX_FRAME_BLOCKS && bytes < FRAME_TARGET_BYTES / 2) {
        const positions = await reader.read(MAX_FRAME_BLOCKS - frame.length);
        if (positions === undefined) break;
        for (const { seq, blocks } of positions) {
          const added = fitting(blocks);
          const size = bytesOf(added);
          const fits = frame.length + added.length <= MAX_FRAME_BLOCKS && bytes + size <= FRAME_TARGET_BYTES;
          if (frame.length > 0 && !fits) {
            reader.back(seq);
            return { blocks: frame, price: 0 };
          }
          frame.push(...added);
          bytes += size;
        }
      }
      return frame.length === 0 ? undefined : { blocks: frame, price: 0 };
    },
    end: () => ({ next: reader.next ?? null, after: 0, seen: 0 }),
  };
}

const busy = (): ChainError =>
  new ChainError('ERR_CHAIN_BUSY', 'This peer fetches more blocks than its quota allows; try later', {
    retryable: true,
  });

/**
 * Serves {@link SYNC_PROTOCOL}. Every request has its price before anything is read, and nothing more is read for a peer
 * that is in debt: its answer ends there, with the position to go on from. Only one frame is held for a reader that
 * does not read.
 */
export function syncHandler(store: BlockStore, quota: Quota): RequestHandler {
  return async function* ({ from: peer, body, signal }) {
    if (!quota.take(peer, REQUEST_PRICE)) throw busy();
    const request = decodeSyncRequest(body);
    const source = request.part === 'chain' ? chainFrames(store, request) : await linkFrames(store, request);
    let served = 0;
    let bytes = 0;
    /** The next frame as bytes; what it was made of is not held while the peer reads it. */
    const nextFrame = async (): Promise<Uint8Array | undefined> => {
      throwIfAborted(signal);
      const frame = await source.next();
      if (frame === undefined) return undefined;
      quota.charge(peer, frame.price + blocksPrice(frame.blocks));
      served += frame.blocks.length;
      bytes += bytesOf(frame.blocks);
      return frame.blocks.length === 0 ? new Uint8Array() : encodeBlocks(frame.blocks);
    };
    let early = false;
    for (let frame = await nextFrame(); frame !== undefined; frame = await nextFrame()) {
      if (frame.length > 0) yield frame;
      early = served >= MAX_SERVED || bytes >= MAX_SERVED_BYTES || !quota.take(peer, 1);
      if (early) break;
    }
    const end = source.end();
    if (request.part === 'links' || (early && end.next !== null)) yield encodeSyncEnd(end);
  };
}
