import type { BlockStore, HalfBlock, PublicKey } from '@edmp/interface';
import { MAX_BLOCK_BYTES } from '../../block/limits.ts';
import type { PositionRange } from '../../inspect/gaps.ts';
import { FRAME_TARGET_BYTES, MAX_FRAME_BLOCKS } from '../messages.ts';

/** Blocks read at once before their size is known: a frame of the largest ones. */
const FIRST_READ: number = Math.floor(FRAME_TARGET_BYTES / MAX_BLOCK_BYTES);

/** All branches at one position. */
export interface Position {
  readonly seq: number;
  readonly blocks: readonly HalfBlock[];
}

/** Reads ranges of a chain position by position, about one frame of bytes at a time. */
export interface PositionReader {
  /** The next positions, at most about `limit` blocks; undefined at the end. */
  read(limit: number): Promise<readonly Position[] | undefined>;
  /** Where the next read begins; undefined at the end. */
  readonly next: number | undefined;
  /** Goes back to a position that was read. */
  back(seq: number): void;
}

const byPosition = (blocks: readonly HalfBlock[]): Position[] => {
  const positions: { readonly seq: number; readonly blocks: HalfBlock[] }[] = [];
  for (const block of blocks) {
    const last = positions.at(-1);
    if (last?.seq === block.core.seq) last.blocks.push(block);
    else positions.push({ seq: block.core.seq, blocks: [block] });
  }
  return positions;
};

/** Size of blocks in a frame, bytes. */
export const bytesOf = (blocks: readonly HalfBlock[]): number =>
  blocks.reduce((sum, { bytes }) => sum + bytes.length + 5, 0);

/** A {@link PositionReader} over ascending ranges. It never splits the branches of a position. */
export function positionReader(
  store: BlockStore,
  author: PublicKey,
  ranges: readonly PositionRange[],
): PositionReader {
  let index = 0;
  let next = ranges[0]?.[0];
  let size = FIRST_READ;
  const leaveRange = (): void => {
    index += 1;
    next = ranges[index]?.[0];
  };
  return {
    get next() {
      return next;
    },
    back(seq) {
      index = ranges.findIndex(([, to]) => seq <= to);
      next = seq;
    },
    async read(limit) {
      const range = ranges[index];
      if (range === undefined || next === undefined) return undefined;
      const most = Math.max(1, Math.min(size, limit));
      const blocks = await store.range(author, next, range[1], most);
      const positions = byPosition(blocks);
      if (blocks.length > 0) {
        const average = bytesOf(blocks) / blocks.length;
        size = Math.min(MAX_FRAME_BLOCKS, Math.max(FIRST_READ, Math.ceil(FRAME_TARGET_BYTES / average)));
      }
      const last = positions.at(-1);
      if (blocks.length < most || last === undefined) {
        leaveRange();
        return positions;
      }
      // The last position may go on: it is read again, or by itself when there is no other.
      next = last.seq;
      if (positions.length > 1) return positions.slice(0, -1);
      if (last.seq < range[1]) next += 1;
      else leaveRange();
      return [{ seq: last.seq, blocks: await store.at(author, last.seq) }];
    },
  };
}
