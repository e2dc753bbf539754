import {
  type BlockId,
  type BlockStore,
  type HalfBlock,
  type PublicKey,
  throwIfAborted,
} from '@edmp/interface';
import { blockKey } from '../block/identity.ts';
import { chainPages } from '../store/pages.ts';
import type { Retention } from './retention.ts';

const PAGE = 256;
/** Arrivals read at once. */
const ARRIVALS = 500;

/** Blocks of one page by position, with every branch. */
export function* positionsOf(page: readonly HalfBlock[]): Iterable<readonly [HalfBlock, ...HalfBlock[]]> {
  let branches: [HalfBlock, ...HalfBlock[]] | undefined;
  for (const block of page) {
    if (branches !== undefined && branches[0].core.seq === block.core.seq) {
      branches.push(block);
      continue;
    }
    if (branches !== undefined) yield branches;
    branches = [block];
  }
  if (branches !== undefined) yield branches;
}

/** Lets other work have its turn; does nothing by default. */
export type Pause = () => Promise<void>;

/** All blocks in order of arrival. */
export async function* oldestFirst(
  store: BlockStore,
  pause: Pause,
  signal: AbortSignal | undefined,
): AsyncGenerator<HalfBlock> {
  let after = 0;
  for (;;) {
    await pause();
    throwIfAborted(signal);
    const page = await store.since(after, ARRIVALS);
    for (const { block } of page) yield block;
    if (page.length < ARRIVALS) return;
    after = page.at(-1)?.arrival ?? after;
  }
}

/** Cuts one chain from below, as far as its blocks are old enough and may go. */
export interface ChainCut {
  readonly author: PublicKey;
  /** Ids of what is to be removed, by position, then id bytes. */
  readonly removed: readonly BlockId[];
  /** The lowest block that stays; undefined when the whole chain goes. */
  readonly anchor: HalfBlock | undefined;
  /** Notes that a block is old enough to go; `false` when the chain cannot be cut further whatever is noted. */
  note(block: HalfBlock): boolean;
  /** Cuts on, by `budget` blocks at most and whole positions. Returns the number of blocks added to `removed`. */
  advance(budget: number): Promise<number>;
}

/** What {@link chainCut} works with. */
export interface ChainCutContext {
  readonly author: PublicKey;
  /** First position. */
  readonly from: number;
  /** The chain goes with all of its blocks, young ones too, or not at all. */
  readonly whole: boolean;
  readonly store: BlockStore;
  readonly retention: Retention;
  readonly pause: Pause;
  readonly signal: AbortSignal | undefined;
}

/** A {@link ChainCut} of a chain; nothing is removed from the store here. */
export function chainCut(context: ChainCutContext): ChainCut {
  return context.whole ? wholeCut(context) : cutFromBelow(context);
}

/** A cut that takes everything, or nothing when anything has to stay. */
function wholeCut({ author, store, retention, pause, signal }: ChainCutContext): ChainCut {
  const removed: BlockId[] = [];
  let ended = false;
  return {
    author,
    removed,
    anchor: undefined,
    note: () => !ended,
    async advance() {
      if (ended) return 0;
      ended = true;
      const range = { author, from: 1, to: Number.MAX_SAFE_INTEGER, size: PAGE };
      const ids: BlockId[] = [];
      for await (const page of chainPages(store, range, { signal })) {
        await pause();
        for (const branches of positionsOf(page)) {
          if (!(await retention.mayGo(branches))) return 0;
          for (const { id } of branches) ids.push(id);
        }
      }
      for (const id of ids) removed.push(id);
      return removed.length;
    },
  };
}

function cutFromBelow({ author, from, store, retention, pause, signal }: ChainCutContext): ChainCut {
  /** Old enough, and not cut yet. */
  const old = new Set<string>();
  const removed: BlockId[] = [];
  let next = from;
  let anchor: HalfBlock | undefined;
  /** The block whose age is waited for: nothing can be cut before. */
  let waiting: string | undefined;
  /** Reached the end of the chain, or what stays. */
  let ended = false;

  return {
    author,
    removed,
    get anchor() {
      return anchor;
    },
    note(block) {
      if (!ended && block.core.seq >= next) old.add(blockKey(block.id));
      return !ended;
    },
    async advance(budget) {
      if (ended || (waiting !== undefined && !old.has(waiting))) return 0;
      waiting = undefined;
      anchor = undefined;
      let count = 0;
      const range = { author, from: next, to: Number.MAX_SAFE_INTEGER, size: PAGE };
      for await (const page of chainPages(store, range, { signal })) {
        await pause();
        for (const branches of positionsOf(page)) {
          const [first] = branches;
          next = first.core.seq;
          anchor = first;
          if (count >= budget) return count;
          ended = !(await retention.mayGo(branches));
          if (ended) return count;
          const young = branches.find((block) => !old.has(blockKey(block.id)));
          if (young !== undefined) {
            waiting = blockKey(young.id);
            return count;
          }
          for (const { id } of branches) {
            old.delete(blockKey(id));
            removed.push(id);
          }
          count += branches.length;
        }
      }
      anchor = undefined;
      ended = true;
      return count;
    },
  };
}
