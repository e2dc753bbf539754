import type { BlockStore, HalfBlock } from '@edmp/interface';
import { mutex } from '@edmp/interface/bounded';
import { blockKey } from '../block/identity.ts';
import { forgetOldest } from '../store/forget-oldest.ts';

/** Blocks read at once. */
const PAGE = 256;
/** Blocks stored here that are remembered until the next look; a look comes before there are more. */
const MAX_REMEMBERED = 4_096;
/** Blocks told last that are remembered: more than are on their way into the store at once. */
const MAX_TOLD = 16_384;

/** What {@link foreignBlocks} works with. */
export interface ForeignBlocksContext {
  readonly store: Pick<BlockStore, 'since' | 'newest' | 'changed'>;
  /** Reacts to blocks that another process has stored, in order of arrival. */
  readonly react: (blocks: readonly HalfBlock[]) => Promise<void>;
}

/** Blocks that other processes put into a shared store. */
export interface ForeignBlocks {
  /**
   * This process is about to store a block: it is nothing new when it is found. `false` when another process stored it
   * first and it has been told already.
   */
  mine(block: HalfBlock): boolean;
  /** It could not be stored: whoever stores it, it is new. */
  failed(block: HalfBlock): void;
  /** Looks now. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/** Reacts to what other processes put into the store from now on. */
export async function foreignBlocks(context: ForeignBlocksContext): Promise<ForeignBlocks> {
  const { store } = context;
  const own = new Set<string>();
  const told = new Set<string>();
  const looking = mutex();
  /** Whether a block that another process stored is to be told; from now on it counts as told. */
  const isForeign = (block: HalfBlock): boolean => {
    const key = blockKey(block.id);
    if (own.has(key)) return false;
    told.add(key);
    if (told.size > MAX_TOLD) forgetOldest(told);
    return true;
  };
  let cursor = (await store.newest(1)).at(-1)?.arrival ?? 0;
  let isStopped = false;

  const look = (): Promise<void> =>
    looking.run(async () => {
      for (;;) {
        if (isStopped) return;
        const page = await store.since(cursor, PAGE);
        const last = page.at(-1);
        if (last === undefined) return;
        const foreign = page.filter(({ block }) => isForeign(block));
        if (foreign.length > 0) await context.react(foreign.map(({ block }) => block));
        // Only now: what could not be read is looked at again.
        cursor = last.arrival;
        for (const { block } of page) own.delete(blockKey(block.id));
      }
    });
  const ignore = (): undefined => undefined;
  let again = false;
  /** A store that fails is asked again when it next tells of a change; changes during a look are one more look. */
  const follow = (): void => {
    if (again || isStopped) return;
    again = true;
    void Promise.resolve()
      .then(() => {
        again = false;
        return look();
      })
      .catch(ignore);
  };
  const unfollow = store.changed(follow);
  return {
    mine(block) {
      const key = blockKey(block.id);
      if (told.has(key)) return false;
      own.add(key);
      if (own.size >= MAX_REMEMBERED) follow();
      return true;
    },
    failed(block) {
      own.delete(blockKey(block.id));
    },
    look,
    async stop() {
      isStopped = true;
      unfollow();
      await looking.run(async () => undefined);
    },
  };
}
