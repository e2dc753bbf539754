import {
  type BlockStore,
  type Environment,
  equalBytes,
  type HalfBlock,
  type PublicKey,
} from '@edmp/interface';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { answerPages } from '../pair/answers-of.ts';
import { atOneMoment } from '../store/at-once.ts';
import { type BlockView, type Verdict, validateBlock } from '../validation/validate.ts';
import type { EventHub } from './events.ts';
import type { FraudRegister } from './fraud-register.ts';
import type { Tips } from './tips.ts';
import { type LinkView, linkViews, type TypeRules, viewFrom } from './view.ts';

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

/** A verdict, or what kept a block from being judged. */
type Outcome = Verdict | { readonly error: unknown };
/** Is told the outcome of the block at an index; must not throw. */
type Settle = (index: number, outcome: Outcome) => void;

/** Judges stored blocks, keeps the fraud that comes to light, tells listeners. */
export interface Reaction {
  /** A stored block whose verdict is known without looking, as it is stored; undefined for any other one. */
  known(block: HalfBlock): { readonly block: HalfBlock; readonly verdict: Verdict } | undefined;
  /** Verdict on a stored block by what is known now; records fraud that it shows. */
  judge(block: HalfBlock): MaybePromise<Verdict>;
  /**
   * Reacts to blocks that were stored just now, in their order. `settle` is told each one's verdict, or what kept it
   * from being judged.
   */
  toStored(blocks: readonly HalfBlock[], settle: Settle): MaybePromise<void>;
}

const UNLINKED: LinkView = { answers: [], isAnswered: false };

/** The {@link Reaction} of a chain. */
export function reaction(context: ReactionContext): Reaction {
  return new ChainReaction(context);
}

class ChainReaction implements Reaction {
  readonly #self: PublicKey;
  readonly #store: BlockStore;
  readonly #environment: Environment;
  readonly #rules: TypeRules;
  readonly #tips: Tips;
  readonly #events: EventHub;
  readonly #frauds: FraudRegister;

  constructor(context: ReactionContext) {
    this.#self = context.self;
    this.#store = context.store;
    this.#environment = context.environment;
    this.#rules = context.rules;
    this.#tips = context.tips;
    this.#events = context.events;
    this.#frauds = context.frauds;
  }

  known(block: HalfBlock): { readonly block: HalfBlock; readonly verdict: Verdict } | undefined {
    return this.#tips.judged(block);
  }

  judge(block: HalfBlock): MaybePromise<Verdict> {
    const known = this.#tips.judged(block);
    if (known !== undefined) return known.verdict;
    return andThen(this.#look(block), (view) => {
      const verdict = validateBlock(block, view);
      return verdict.fraud === undefined ? verdict : this.#frauds.record(verdict.fraud).then(() => verdict);
    });
  }

  toStored(blocks: readonly HalfBlock[], settle: Settle): MaybePromise<void> {
    let links: MaybePromise<readonly LinkView[]>;
    try {
      links = atOneMoment(this.#store, (reads) => linkViews(blocks, reads, this.#rules));
    } catch (error) {
      this.#unread(blocks, error);
    }
    if (!(links instanceof Promise)) return this.#toEach(blocks, links, settle, 0);
    return links.then(
      (read) => this.#toEach(blocks, read, settle, 0),
      (error: unknown) => this.#unread(blocks, error),
    );
  }

  #unread(blocks: readonly HalfBlock[], error: unknown): never {
    for (const block of blocks) this.#tips.forget(block.core.key);
    throw error;
  }

  /** Waits only where there is something to wait for: a turn of the queue for every block adds up. */
  #toEach(
    blocks: readonly HalfBlock[],
    links: readonly LinkView[],
    settle: Settle,
    from: number,
  ): MaybePromise<void> {
    for (let index = from; index < blocks.length; index++) {
      const block = blocks[index];
      if (block === undefined) continue;
      const outcome = this.#toOne(block, links[index] ?? UNLINKED);
      if (outcome instanceof Promise) {
        return outcome.then((later) => {
          settle(index, later);
          return this.#toEach(blocks, links, settle, index + 1);
        });
      }
      settle(index, outcome);
    }
  }

  /** The verdict on a block that was just stored, or what kept it from being judged; never throws or rejects. */
  #toOne(block: HalfBlock, link: LinkView): MaybePromise<Outcome> {
    try {
      const outcome = andThen(this.#viewOf(block, link), (view) => this.#react(block, view));
      return outcome instanceof Promise
        ? outcome.catch((error: unknown) => this.#unjudged(block, error))
        : outcome;
    } catch (error) {
      return this.#unjudged(block, error);
    }
  }

  /** It is stored but was not judged: what follows must be judged by the store, not by this tip. */
  #unjudged(block: HalfBlock, error: unknown): Outcome {
    this.#tips.forget(block.core.key);
    return { error };
  }

  /** The view of a block that was just stored, with its links known: growing chains need not ask the store. */
  #viewOf(block: HalfBlock, link: LinkView): MaybePromise<BlockView & LinkView> {
    const place = this.#tips.follow(block);
    return place === undefined ? this.#look(block) : { now: this.#environment.now(), ...place, ...link };
  }

  #look(block: HalfBlock): MaybePromise<BlockView & LinkView> {
    const now = this.#environment.now();
    return atOneMoment(this.#store, (reads) => viewFrom(block, reads, this.#rules, now));
  }

  #react(block: HalfBlock, view: BlockView & LinkView): MaybePromise<Verdict> {
    const verdict = validateBlock(block, view);
    this.#tips.note(block, view, verdict);
    const { fraud } = verdict;
    const isAlone = view.branches.length === 0 && view.next.length === 0 && !view.isAnswered;
    if (fraud !== undefined || !isAlone) return this.#reactToOthers(block, view, verdict);
    this.#report(block, verdict);
    return verdict;
  }

  async #reactToOthers(block: HalfBlock, view: BlockView & LinkView, verdict: Verdict): Promise<Verdict> {
    if (verdict.fraud !== undefined) await this.#frauds.record(verdict.fraud);
    this.#report(block, verdict);
    await this.#judgeAgain(view.branches);
    await this.#judgeAgain(
      [...view.previous, ...view.next].filter(({ core }) => {
        const follows = core.prev !== null && equalBytes(core.prev.bytes, block.id.bytes);
        return follows || core.seq === block.core.seq + 1;
      }),
    );
    if (view.isAnswered)
      for await (const page of answerPages(this.#store, block)) await this.#judgeAgain(page);
    return verdict;
  }

  /** What was stored before may be invalid in the light of a new block: listeners hear of it in any order of arrival. */
  async #judgeAgain(blocks: readonly HalfBlock[]): Promise<void> {
    for (const block of blocks) {
      this.#tips.forget(block.core.key);
      const { level, issues } = await this.judge(block);
      if (level === 'invalid') this.#events.emit({ type: 'invalid', block, issues });
    }
  }

  #report(block: HalfBlock, verdict: Verdict): void {
    const own = equalBytes(block.core.key, this.#self);
    if (verdict.level === 'invalid') this.#events.emit({ type: 'invalid', block, issues: verdict.issues });
    else this.#events.emit({ type: 'block', block, level: verdict.level, own });
  }
}
