import { compareBytes, equalBytes, type HalfBlock, type PairState, type TypeRule } from '@edmp/interface';
import { answerKind, checkAnswer, checkProposal, isSelfBlock, proposalDeadline } from './answer.ts';

/** What {@link pairState} needs besides the blocks. */
export interface PairContext {
  /** Local clock, ms since the epoch. */
  readonly now: number;
  /** Rule of the proposal's type. */
  readonly rule?: TypeRule | undefined;
}

/** Order that every node computes alike: position in the answerer's chain, then id bytes. */
const byPosition = (a: HalfBlock, b: HalfBlock): number =>
  a.core.seq - b.core.seq || compareBytes(a.core.key, b.core.key) || compareBytes(a.id.bytes, b.id.bytes);

/**
 * State of the two-party transaction that `proposal` opened, from the blocks that answer it: pure and independent of
 * their order. An agreement that counts outweighs everything else, so `agreed` is never taken back by what arrives
 * later; agreeing *and* refusing is fraud by the counterparty and leaves it bound by its agreement (DESIGN §3.2).
 *
 * @param answers - Blocks that link to the proposal, in any order.
 */
export function pairState(
  proposal: HalfBlock,
  answers: readonly HalfBlock[],
  context: PairContext,
): PairState {
  const { now, rule } = context;
  const deadline = proposalDeadline(proposal, rule);
  if (isSelfBlock(proposal)) {
    return {
      state: 'agreed',
      proposal,
      deadline,
      reason: 'A block addressed to its own author needs no answer',
    };
  }
  const broken = checkProposal(proposal, rule);
  const counted: HalfBlock[] = [];
  const discarded: string[] = [];
  for (const answer of [...answers].sort(byPosition)) {
    if (answer.core.link === null || !equalBytes(answer.core.link.bytes, proposal.id.bytes)) continue;
    const issues = checkAnswer(answer, proposal, rule);
    if (answerKind(answer) === 'agreement' && broken.length > 0)
      discarded.push('the proposal breaks its own rule');
    else if (issues.length === 0) counted.push(answer);
    else discarded.push(issues.map((found) => found.code).join(', '));
  }
  const find = (kind: 'agreement' | 'refusal' | 'withdrawal'): HalfBlock | undefined =>
    counted.find((answer) => answerKind(answer) === kind);

  const agreement = find('agreement');
  if (agreement !== undefined) {
    const reason =
      proposal.core.peer === null
        ? `${counted.filter((answer) => answerKind(answer) === 'agreement').length} agreement(s) to a block that anyone may answer`
        : `The counterparty agreed at position ${agreement.core.seq} of its chain`;
    return { state: 'agreed', proposal, answer: agreement, deadline, reason };
  }
  const refusal = find('refusal');
  if (refusal !== undefined) {
    return {
      state: 'refused',
      proposal,
      answer: refusal,
      deadline,
      reason: `The counterparty refused at position ${refusal.core.seq} of its chain`,
    };
  }
  const withdrawal = find('withdrawal');
  if (withdrawal !== undefined) {
    return {
      state: 'withdrawn',
      proposal,
      answer: withdrawal,
      deadline,
      reason: `The proposer withdrew at position ${withdrawal.core.seq} of its chain, after the deadline`,
    };
  }
  const ignored =
    discarded.length === 0 ? '' : `; ${discarded.length} answer(s) do not count (${discarded.join('; ')})`;
  return deadline !== null && now > deadline
    ? { state: 'expired', proposal, deadline, reason: `No agreement by the deadline ${deadline}${ignored}` }
    : { state: 'pending', proposal, deadline, reason: `No answer that counts is known${ignored}` };
}
