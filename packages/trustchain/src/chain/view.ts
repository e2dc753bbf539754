import { type BlockStore, equalBytes, type HalfBlock, type TypeRule } from '@edmp/interface';
import type { BlockView } from '../validation/validate.ts';

/** Rules of application types by type. */
export type TypeRules = ReadonlyMap<string, TypeRule>;

const otherThan =
  (block: HalfBlock) =>
  (other: HalfBlock): boolean =>
    !equalBytes(other.id.bytes, block.id.bytes);

/** The part of a view that comes from links: the proposal, rival answers, and the rule that applies. */
export async function linkView(
  block: HalfBlock,
  store: BlockStore,
  rules: TypeRules,
): Promise<Pick<BlockView, 'proposal' | 'answers' | 'rule'>> {
  const { link, type } = block.core;
  if (link === null) return { answers: await store.answers(block.id), rule: rules.get(type) };
  const proposal = await store.get(link);
  if (proposal === undefined) return { answers: [] };
  const answers = (await store.answers(link)).filter(otherThan(block));
  return { proposal, answers, rule: rules.get(proposal.core.type) };
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
  return { now, branches, previous, next, ...(await linkView(block, store, rules)) };
}
