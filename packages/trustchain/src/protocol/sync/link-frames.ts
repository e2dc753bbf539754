import { type ArrivedBlock, type BlockStore, equalBytes, type HalfBlock } from '@edmp/interface';
import { blockKey } from '../../block/identity.ts';
import { FRAME_TARGET_BYTES, MAX_FRAME_BLOCKS } from '../messages.ts';
import { bytesOf, positionReader } from './position-reader.ts';
import type { FrameSource } from './serve-sync.ts';
import type { SyncRequest } from './sync-messages.ts';

/** Positions looked through at once. */
const POSITIONS = 32;
/** Blocks whose links are looked up for one frame, about. */
const MAX_LOOKED = 256;
/** Answers to one block read at once. */
const ANSWERS = 16;

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

/**
 * Blocks of other chains that belong to positions of a chain: the proposals that its blocks answer, and the answers to
 * its own, in order of arrival. To a proposal with a counterparty only the counterparty's answers belong; anybody else's
 * count for nothing.
 */
export async function linkFrames(store: BlockStore, request: SyncRequest): Promise<FrameSource> {
  const { author, ranges } = request;
  const seen = (await store.newest(1)).at(-1)?.arrival ?? 0;
  // Arrivals that never were come from before the store was replaced.
  const since = request.since > seen ? 0 : request.since;
  const reader = positionReader(store, author, ranges);
  const served = new Set<string>();
  let position = ranges[0]?.[0];
  let after = request.after;

  const proposalsOf = async (blocks: readonly HalfBlock[]): Promise<readonly HalfBlock[]> => {
    const links = blocks.flatMap(({ core }) => core.link ?? []);
    const found = links.length === 0 ? [] : await store.getMany(links);
    return found.filter(isDefined).filter(({ id }) => !served.has(blockKey(id)));
  };
  /** The next answers to any branch of a position. */
  const answersTo = async (blocks: readonly HalfBlock[]): Promise<readonly ArrivedBlock[]> => {
    const lists = await Promise.all(
      blocks.map(({ id, core }) => {
        const closed = core.link !== null || (core.peer !== null && equalBytes(core.peer, core.key));
        if (closed) return [];
        const options = { after: Math.max(since, after), limit: ANSWERS };
        return store.answers(id, core.peer === null ? options : { ...options, author: core.peer });
      }),
    );
    return lists
      .flat()
      .sort((a, b) => a.arrival - b.arrival)
      .slice(0, ANSWERS);
  };

  return {
    async next() {
      const frame: HalfBlock[] = [];
      let bytes = 0;
      let price = 0;
      /** `false` when the block has no room any more. */
      const add = (block: HalfBlock): boolean => {
        const size = bytesOf([block]);
        if (frame.length > 0 && (frame.length >= MAX_FRAME_BLOCKS || bytes + size > FRAME_TARGET_BYTES))
          return false;
        frame.push(block);
        bytes += size;
        return true;
      };
      const pause = (seq: number) => {
        reader.back(seq);
        position = seq;
        return { blocks: frame, price };
      };
      while (frame.length < MAX_FRAME_BLOCKS && bytes < FRAME_TARGET_BYTES / 2 && price < MAX_LOOKED) {
        const positions = await reader.read(POSITIONS);
        if (positions === undefined) break;
        for (const { seq, blocks } of positions) {
          price += blocks.length;
          if (after === 0) {
            for (const proposal of await proposalsOf(blocks)) {
              if (!add(proposal)) return pause(seq);
              served.add(blockKey(proposal.id));
            }
          }
          for (;;) {
            const answers = await answersTo(blocks);
            for (const { block, arrival } of answers) {
              if (!add(block)) return pause(seq);
              after = arrival;
            }
            if (answers.length < ANSWERS) break;
          }
          after = 0;
        }
      }
      if (price === 0) return undefined;
      position = reader.next;
      return { blocks: frame, price };
    },
    end: () => ({ next: position ?? null, after, seen }),
  };
}
