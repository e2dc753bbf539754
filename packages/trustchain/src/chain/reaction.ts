import {
  type BlockStore,
  type Environment,
  equalBytes,
  type HalfBlock,
  type PublicKey,
} from '@edmp/interface';
import { answerPages } from '../pair/answers-of.ts';
import { type BlockView, type Verdict, validateBlock } from '../validation/validate.ts';
import type { EventHub } from './events.ts';
import type { FraudRegister } from './fraud-register.ts';
import type { Tips } from './tips.ts';
import { type LinkView, linkViews, type TypeRules, viewFromStore } from './view.ts';

/** What {@link reaction} works with. */
export interface ReactionContext {
  readonly self: PublicKey;
  readonly store: BlockStore;
  readonly environment: Environment;
  readonly rules: TypeRules;
  readonly tips: Tips;
  readonly events: EventHub;
  readonly frauds: FraudRegister;
}

/** Judges stored blocks, keeps the fraud that comes to light, tells listeners. */
export interface Reaction {
  /** A stored block whose verdict is known without looking, as it is stored; undefined for any other one. */
  known(block: HalfBlock): { readonly block: HalfBlock; readonly verdict: Verdict } | undefined;
  /** Verdict on a stored block by what is known now; records fraud that it shows. */
  judge(block: HalfBlock): Promise<Verdict>;
  /**
   * Reacts to blocks that were stored just now, in their order. `settle` is told each one's verdict, or what kept it
   * from being judged.
   */
  toStored(
    blocks: readonly HalfBlock[],
    settle: (index: number, outcome: Verdict | { readonly error: unknown }) => void,
  ): Promise<void>;
}

const UNLINKED: LinkView = { answers: [], isAnswered: false };

/** The {@link Reaction} of a chain. */
export function reaction(context: ReactionContext): Reaction {
  const { self, store, environment, rules, tips, events, frauds } = context;

  const judge = async (block: HalfBlock): Promise<Verdict> => {
    const known = tips.judged(block);
    if (known !== undefined) return known.verdict;
    const verdict = validateBlock(block, await viewFromStore(block, store, rules, environment.now()));
    if (verdict.fraud !== undefined) await frauds.record(verdict.fraud);
    return verdict;
  };

  /** The view of a block that was just stored, with its links known: growing chains need not ask the store. */
  const viewOf = (
    block: HalfBlock,
    link: LinkView,
  ): (BlockView & LinkView) | Promise<BlockView & LinkView> => {
    const now = environment.now();
    const place = tips.follow(block);
    return place === undefined ? viewFromStore(block, store, rules, now) : { now, ...place, ...link };
  };

  const report = (block: HalfBlock, verdict: Verdict): void => {
    const own = equalBytes(block.core.key, self);
    if (verdict.level === 'invalid') events.emit({ type: 'invalid', block, issues: verdict.issues });
    else events.emit({ type: 'block', block, level: verdict.level, own });
  };

  /** What was stored before may be invalid in the light of a new block: listeners hear of it in any order of arrival. */
  const judgeAgain = async (blocks: readonly HalfBlock[]): Promise<void> => {
    for (const block of blocks) {
      tips.forget(block.core.key);
      const { level, issues } = await judge(block);
      if (level === 'invalid') events.emit({ type: 'invalid', block, issues });
    }
  };
  const reactToNeighbours = async (block: HalfBlock, view: BlockView & LinkView): Promise<void> => {
    await judgeAgain(view.branches);
    await judgeAgain(
      [...view.previous, ...view.next].filter(({ core }) => {
        const follows = core.prev !== null && equalBytes(core.prev.bytes, block.id.bytes);
        return follows || core.seq === block.core.seq + 1;
      }),
    );
    if (view.isAnswered) for await (const page of answerPages(store, block)) await judgeAgain(page);
  };

  const react = (block: HalfBlock, view: BlockView & LinkView): Verdict | Promise<Verdict> => {
    const verdict = validateBlock(block, view);
    tips.note(block, view, verdict);
    const { fraud } = verdict;
    const isAlone = view.branches.length === 0 && view.next.length === 0 && !view.isAnswered;
    if (fraud === undefined && isAlone) {
      report(block, verdict);
      return verdict;
    }
    return (async () => {
      if (fraud !== undefined) await frauds.record(fraud);
      report(block, verdict);
      await reactToNeighbours(block, view);
      return verdict;
    })();
  };

  return {
    known: tips.judged,
    judge,
    async toStored(blocks, settle) {
      let links: readonly LinkView[];
      try {
        links = await linkViews(blocks, store, rules);
      } catch (error) {
        for (const block of blocks) tips.forget(block.core.key);
        throw error;
      }
      for (const [index, block] of blocks.entries()) {
        try {
          // Waiting only where there is something to wait for: a turn of the queue for every block adds up.
          const viewed = viewOf(block, links[index] ?? UNLINKED);
          const view = viewed instanceof Promise ? await viewed : viewed;
          const reacted = react(block, view);
          settle(index, reacted instanceof Promise ? await reacted : reacted);
        } catch (error) {
          // It is stored but was not judged: what follows must be judged by the store, not by this tip.
          tips.forget(block.core.key);
          settle(index, { error });
        }
      }
    },
  };
}
