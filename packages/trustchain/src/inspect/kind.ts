import type { HalfBlock } from '@edmp/interface';
import { type AnswerKind, answerKind, isSelfBlock } from '../pair/answer.ts';

/** What a block is in the life of a pair. */
export type BlockKind = AnswerKind | 'proposal' | 'source' | 'self';

/** Kind of a block, from its link, type and counterparty. */
export function blockKind(block: HalfBlock): BlockKind {
  const answer = answerKind(block);
  if (answer !== null) return answer;
  if (block.core.peer === null) return 'source';
  return isSelfBlock(block) ? 'self' : 'proposal';
}
