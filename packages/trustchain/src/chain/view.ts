import {
  type AnswerQuestion,
  type BlockStore,
  equalBytes,
  type HalfBlock,
  type TypeRule,
} from '@edmp/interface';
import { blockKey } from '../block/identity.ts';
import { isSelfBlock } from '../pair/answer.ts';
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

/**
 * {@link LinkView} of each block, with two questions to the store for all of them. Only what the counterparty of a
 * directed proposal answered bears on a verdict, and little of that: what strangers attach is not read.
 */
export async function linkViews(
  blocks: readonly HalfBlock[],
  store: BlockStore,
  rules: TypeRules,
): Promise<readonly LinkView[]> {
  const links = blocks.flatMap(({ core }) => core.link ?? []);
  const stored = links.length === 0 ? [] : await store.getMany(links);
  let next = 0;
  const proposals = blocks.map((block) => (block.core.link === null ? block : stored[next++]));
  const answered = await store.answersBy(
    blocks.map(({ id }) => ({ link: id })),
    1,
  );
  const questions = new Map<string, AnswerQuestion>();
  for (const [index, proposal] of proposals.entries()) {
    const author = proposal?.core.peer ?? null;
    // Nobody answered a proposal that nothing links to, as it is with nearly all that are new.
    if (proposal === blocks[index] && answered[index]?.length === 0) continue;
    if (proposal !== undefined && author !== null && !isSelfBlock(proposal)) {
      questions.set(blockKey(proposal.id), { link: proposal.id, author });
    }
  }
  const found = questions.size === 0 ? [] : await store.answersBy([...questions.values()], ENOUGH_ANSWERS);
  const answers = new Map([...questions.keys()].map((key, index) => [key, found[index] ?? []]));
  return blocks.map((block, index) => {
    const proposal = proposals[index];
    const isAnswered = (answered[index]?.length ?? 0) > 0;
    if (proposal === undefined) return { answers: [], isAnswered };
    const given = answers.get(blockKey(proposal.id)) ?? [];
    const rule = rules.get(proposal.core.type);
    return block.core.link === null
      ? { answers: given, rule, isAnswered }
      : { proposal, answers: given.filter(otherThan(block)), rule, isAnswered };
  });
}

/** The author's own block that `prev` names, where the position before is not stored: it stands at another one. */
async function followed(
  { core }: HalfBlock,
  previous: readonly HalfBlock[],
  store: BlockStore,
): Promise<HalfBlock | undefined> {
  if (core.prev === null || previous[0]?.core.seq === core.seq - 1) return undefined;
  const named = await store.get(core.prev);
  return named !== undefined && equalBytes(named.core.key, core.key) ? named : undefined;
}

/** Everything that a store knows around a block. */
export async function viewFromStore(
  block: HalfBlock,
  store: BlockStore,
  rules: TypeRules,
  now: number,
): Promise<BlockView & LinkView> {
  const { key, seq } = block.core;
  const branches = (await store.at(key, seq)).filter(otherThan(block));
  const { previous, next } = await store.neighbours(key, seq);
  const [link = { answers: [], isAnswered: false }] = await linkViews([block], store, rules);
  const named = await followed(block, previous, store);
  return { now, branches, previous, next, ...link, ...(named === undefined ? {} : { named }) };
}
