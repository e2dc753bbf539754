/**
 * Pairs: what proposals and answers may say, and what state a pair is in.
 *
 * @packageDocumentation
 */
export { MAX_REASON } from './chain/pair-requests.ts';
export type { LinkView, TypeRules } from './chain/view.ts';
export {
  type AnswerKind,
  answerKind,
  checkAnswer,
  checkProposal,
  isSelfBlock,
  proposalDeadline,
} from './pair/answer.ts';
export { type PairContext, pairState } from './pair/state.ts';
