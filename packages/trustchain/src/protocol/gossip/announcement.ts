import { type Crypto, equalBytes, type HalfBlock } from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { MAX_BLOCK_BYTES } from '../../block/limits.ts';
import { breach, decodeBlocks, encodeBlocks } from '../messages.ts';
import { MAX_HEAD_BYTES } from './head-bounds.ts';

/**
 * Largest announcement, bytes: an answer and what it answers, both of any size, or a cheat would pad its branches so that
 * nobody tells of them. All of it counts against the bytes of the answer's author.
 */
export const MAX_ANNOUNCEMENT_BYTES: number = 2 * MAX_BLOCK_BYTES + 16;
/** Major type of a byte string in CBOR (RFC 8949 section 3.1): what a list of blocks has where a block has a map. */
const BYTE_STRING = 2;

/** A head as it is announced. */
export interface Announcement {
  readonly block: HalfBlock;
  /** The block that it answers. */
  readonly answered: HalfBlock | undefined;
}

/** Bytes of a head, with the block that it answers when that is given and fits. */
export function encodeAnnouncement(block: HalfBlock, answered?: HalfBlock): Uint8Array {
  return answered === undefined ? block.bytes : encodeBlocks([block, answered]);
}

/** {@link encodeAnnouncement} reversed. Throws `ERR_BLOCK_*`, `ERR_CHAIN_PROTOCOL`. */
export function decodeAnnouncement(body: Uint8Array, crypto: Pick<Crypto, 'sha256'>): Announcement {
  if ((body[1] ?? 0) >> 5 !== BYTE_STRING) {
    expectHead(body);
    return { block: decodeHalfBlock(body, crypto), answered: undefined };
  }
  const [first, second, ...more] = decodeBlocks(body);
  if (first === undefined || second === undefined || more.length > 0) {
    throw breach('An announced answer comes with the one block that it answers');
  }
  const [block, answered] = [decodeHalfBlock(first, crypto), decodeHalfBlock(second, crypto)];
  const { link } = block.core;
  if (link === null || !equalBytes(link.bytes, answered.id.bytes)) {
    throw breach('The block that comes with an announced answer is another one');
  }
  return { block, answered };
}

function expectHead({ length }: Uint8Array): void {
  if (length > MAX_HEAD_BYTES)
    throw breach(`A head of ${length} bytes is announced, at most ${MAX_HEAD_BYTES}`);
}
