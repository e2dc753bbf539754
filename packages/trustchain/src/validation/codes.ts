import type { ValidationIssue } from '@edmp/interface';

/**
 * Codes of what validation can find in a well-formed, rightly signed block (DESIGN §3.3). Besides these an
 * application type's rule adds its own.
 *
 * - `ERR_BLOCK_FORK`: its author signed another core at the same position
 * - `ERR_BLOCK_PREVIOUS_MISMATCH`: `prev` names none of the author's known blocks at the position before
 * - `ERR_BLOCK_NEXT_MISMATCH`: the author's known blocks at the position after name another block
 * - `ERR_BLOCK_TIME_BACKWARDS`: its time lies before the time of the block that it follows
 * - `ERR_BLOCK_FUTURE`: its time lies more than 5 minutes ahead; deferred, not condemned
 * - `ERR_BLOCK_PEER`: an answer without a counterparty, or to oneself
 * - `ERR_BLOCK_LINK_NOT_PROPOSAL`: it answers a block that is itself an answer, or a block to oneself
 * - `ERR_BLOCK_LINK_COUNTERPARTY`: it answers a proposal that was not made to its author, or names the wrong peer
 * - `ERR_BLOCK_LINK_TYPE`: an agreement whose type is not its proposal's
 * - `ERR_BLOCK_AGREEMENT`: an agreement that does not fit its proposal
 * - `ERR_BLOCK_ANSWER_LATE`: an agreement dated after its proposal's deadline
 * - `ERR_BLOCK_WITHDRAWAL_EARLY`: a withdrawal dated before its proposal's deadline has passed
 * - `ERR_BLOCK_WITHDRAWAL_NO_DEADLINE`: a withdrawal of a proposal that never expires
 * - `ERR_BLOCK_DOUBLE_ANSWER`: its author gave another answer to the same directed proposal
 * - `ERR_BLOCK_RULE`: the rule of its type failed to judge it
 */
export type ValidationCode =
  | 'ERR_BLOCK_FORK'
  | 'ERR_BLOCK_PREVIOUS_MISMATCH'
  | 'ERR_BLOCK_NEXT_MISMATCH'
  | 'ERR_BLOCK_TIME_BACKWARDS'
  | 'ERR_BLOCK_FUTURE'
  | 'ERR_BLOCK_PEER'
  | 'ERR_BLOCK_LINK_NOT_PROPOSAL'
  | 'ERR_BLOCK_LINK_COUNTERPARTY'
  | 'ERR_BLOCK_LINK_TYPE'
  | 'ERR_BLOCK_AGREEMENT'
  | 'ERR_BLOCK_ANSWER_LATE'
  | 'ERR_BLOCK_WITHDRAWAL_EARLY'
  | 'ERR_BLOCK_WITHDRAWAL_NO_DEADLINE'
  | 'ERR_BLOCK_DOUBLE_ANSWER'
  | 'ERR_BLOCK_RULE';

/** One finding. */
export function issue(code: ValidationCode, message: string): ValidationIssue {
  return { code, message };
}
