import {
  type AnswerQuestion,
  type BlockStore,
  equalBytes,
  type HalfBlock,
  type TypeRule,
} from '@edmp/interface';
import { blockKey } from '../block/identity.ts';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { isSelfBlock } from '../pair/answer.ts';
import { atOneMoment, type MomentReads } from '../store/at-once.ts';
import type { BlockView } from '../validation/validate.ts';

/** Rules of application types by type. */
export type TypeRules = ReadonlyMap<string, TypeRule>;

const otherThan =
  (block: HalfBlock) =>
  (other: HalfBlock): boolean =>
    !equalBytes(other.id.bytes, block.id.bytes);

/** The part of a view that comes from links: the proposal, rival answers, and the rule that applies. */
export interface LinkView extends Pick<BlockView, 'proposal' | 'answers' | 'rule'> {
  /** Whether anything stored answers the block. */
  readonly isAnswered: boolean;
}

/** Answers that a verdict looks at: the block itself may be one of them, and two more prove a double answer. */
const ENOUGH_ANSWERS = 3;
const NO_ANSWERS: ReadonlyMap<string, readonly HalfBlock[]> = new Map();

/** The proposals that blocks answer, in their order; a block that answers none stands for itself. */
function proposalsOf(
  blocks: readonly HalfBlock[],
  reads: MomentReads,
): MaybePromise<readonly (HalfBlock | undefined)[]> {
  const links = blocks.flatMap(({ core }) => core.link ?? []);
  if (links.length === 0) return blocks;
  return andThen(reads.getMany(links), (stored) => {
    let next = 0;
    return blocks.map((block) => (block.core.link === null ? block : stored[next++]));
  });
}

/** Whose answers to which proposals bear on verdicts, each once, by the proposal's key. */
function questionsOf(
  blocks: readonly HalfBlock[],
  proposals: readonly (HalfBlock | undefined)[],
  answered: readonly (readonly HalfBlock[])[],
): ReadonlyMap<string, AnswerQuestion> {
  const questions = new Map<string, AnswerQuestion>();
  for (const [index, proposal] of proposals.entries()) {
    const author = proposal?.core.peer ?? null;
    // Nobody answered a proposal that nothing links to, as it is with nearly all that are new.
    if (proposal === blocks[index] && answered[index]?.length === 0) continue;
    if (proposal !== undefined && author !== null && !isSelfBlock(proposal)) {
      questions.set(blockKey(proposal.id), { link: proposal.id, author });
    }
  }
  return questions;
}

/** The answers that were asked for, by the proposal's key. */
function answersTo(
  questions: ReadonlyMap<string, AnswerQuestion>,
  reads: MomentReads,
): MaybePromise<ReadonlyMap<string, readonly HalfBlock[]>> {
  if (questions.size === 0) return NO_ANSWERS;
  return andThen(
    reads.answersBy([...questions.values()], ENOUGH_ANSWERS),
    (found) => new Map([...questions.keys()].map((key, index) => [key, found[index] ?? []])),
  );
}

function linkViewOf(
  block: HalfBlock,
  proposal: HalfBlock | undefined,
  answers: ReadonlyMap<string, readonly HalfBlock[]>,
  isAnswered: boolean,
  rules: TypeRules,
): LinkView {
  if (proposal === undefined) return { answers: [], isAnswered };
  const given = answers.size === 0 ? [] : (answers.get(blockKey(proposal.id)) ?? []);
  const rule = rules.get(proposal.core.type);
  return block.core.link === null
    ? { answers: given, rule, isAnswered }
    : { proposal, answers: given.filter(otherThan(block)), rule, isAnswered };
}

/**
 * {@link LinkView} of each block, with two questions to the store for all of them. Only what the counterparty of a
 * directed proposal answered bears on a verdict, and little of that: what strangers attach is not read.
 */
export function linkViews(
  blocks: readonly HalfBlock[],
  reads: MomentReads,
  rules: TypeRules,
): MaybePromise<readonly LinkView[]> {
  return andThen(proposalsOf(blocks, reads), (proposals) => {
    const asked = blocks.map(({ id }) => ({ link: id }));
    return andThen(reads.answersBy(asked, 1), (answered) =>
      andThen(answersTo(questionsOf(blocks, proposals, answered), reads), (answers) =>
        blocks.map((block, index) =>
          linkViewOf(block, proposals[index], answers, (answered[index]?.length ?? 0) > 0, rules),
        ),
      ),
    );
  });
}

/** The author's own block that `prev` names, where the position before is not stored: it stands at another one. */
function followed(
  { core }: HalfBlock,
  previous: readonly HalfBlock[],
  reads: MomentReads,
): MaybePromise<HalfBlock | undefined> {
  if (core.prev === null || previous[0]?.core.seq === core.seq - 1) return undefined;
  return andThen(reads.get(core.prev), (named) =>
    named !== undefined && equalBytes(named.core.key, core.key) ? named : undefined,
  );
}

/** Everything that reads tell around a block: at once where they answer at once. */
export function viewFrom(
  block: HalfBlock,
  reads: MomentReads,
  rules: TypeRules,
  now: number,
): MaybePromise<BlockView & LinkView> {
  const { key, seq } = block.core;
  return andThen(reads.at(key, seq), (there) => {
    const branches = there.length === 0 ? there : there.filter(otherThan(block));
    return andThen(reads.neighbours(key, seq), ({ previous, next }) =>
      andThen(linkViews([block], reads, rules), ([link = { answers: [], isAnswered: false }]) =>
        andThen(followed(block, previous, reads), (named) => ({
          now,
          branches,
          previous,
          next,
          ...link,
          ...(named === undefined ? {} : { named }),
        })),
      ),
    );
  });
}

/**
 * Everything that a store knows around a block.
 *
 * @param now - This node's time, ms since the epoch.
 */
export async function viewFromStore(
  block: HalfBlock,
  store: BlockStore,
  rules: TypeRules,
  now: number,
): Promise<BlockView & LinkView> {
  return atOneMoment(store, (reads) => viewFrom(block, reads, rules, now));
}
