import { type BlockStore, equalBytes, type HalfBlock, type TypeRule } from '@edmp/interface';
import type { BlockView } from '../validation/validate.ts';

/** Rules of application types by type. */
export type TypeRules = ReadonlyMap<string, TypeRule>;

const otherThan =
  (block: HalfBlock) =>
  (other: HalfBlock): boolean =>
    !equalBytes(other.id.bytes, block.id.bytes);

/** The part of a view that comes from links: the proposal, rival answers, and the rule that applies. */
export type LinkView = Pick<BlockView, 'proposal' | 'answers' | 'rule'>;

/** {@link LinkView} of each block, with two questions to the store for all of them. */
export async function linkViews(
  blocks: readonly HalfBlock[],
  store: BlockStore,
  rules: TypeRules,
): Promise<readonly LinkView[]> {
  const links = blocks.flatMap(({ core }) => core.link ?? []);
  const proposals = links.length === 0 ? [] : await store.getMany(links);
  const answers = await store.answersMany(blocks.map(({ id, core }) => core.link ?? id));
  let next = 0;
  return blocks.map((block, index) => {
    const given = answers[index] ?? [];
    if (block.core.link === null) return { answers: given, rule: rules.get(block.core.type) };
    const proposal = proposals[next++];
    if (proposal === undefined) return { answers: [] };
    return { proposal, answers: given.filter(otherThan(block)), rule: rules.get(proposal.core.type) };
  });
}

/** Everything that a store knows around a block. */
export async function viewFromStore(
  block: HalfBlock,
  store: BlockStore,
  rules: TypeRules,
  now: number,
): Promise<BlockView> {
  const { key, seq } = block.core;
  const branches = (await store.at(key, seq)).filter(otherThan(block));
  const { previous, next } = await store.neighbours(key, seq);
  const [link = { answers: [] }] = await linkViews([block], store, rules);
  return { now, branches, previous, next, ...link };
}
