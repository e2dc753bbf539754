import {
  equalBytes,
  type HalfBlock,
  REFUSAL_TYPE,
  type TxValue,
  type TypeRule,
  type ValidationIssue,
  WITHDRAWAL_TYPE,
} from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { issue } from '../validation/codes.ts';

/** What a block with a link says to the proposal that it links to. */
export type AnswerKind = 'agreement' | 'refusal' | 'withdrawal';

/** Kind of a block that answers; null for proposals, source blocks and blocks to oneself. */
export function answerKind(block: HalfBlock): AnswerKind | null {
  if (block.core.link === null) return null;
  if (block.core.type === REFUSAL_TYPE) return 'refusal';
  return block.core.type === WITHDRAWAL_TYPE ? 'withdrawal' : 'agreement';
}

/** Whether a block is addressed to its own author and so needs no answer. */
export function isSelfBlock(block: HalfBlock): boolean {
  return block.core.peer !== null && equalBytes(block.core.peer, block.core.key);
}

/** Whether an agreement or refusal is addressed to nobody, or to its own author: it cannot answer anything. */
export function isUnaddressed(answer: HalfBlock): boolean {
  const { key, peer } = answer.core;
  return answerKind(answer) !== 'withdrawal' && (peer === null || equalBytes(peer, key));
}

/** What is wrong with an answer that {@link isUnaddressed}. */
export function unaddressed(): ValidationIssue {
  return issue(
    'ERR_BLOCK_PEER',
    'An answer is addressed to the author of its proposal, which is another key',
  );
}

function deadlineField(tx: TxValue): number | null {
  if (typeof tx !== 'object' || tx === null || Array.isArray(tx) || tx instanceof Uint8Array) return null;
  if (!Object.hasOwn(tx, 'deadline')) return null;
  const deadline = (tx as { readonly [key: string]: TxValue }).deadline;
  return typeof deadline === 'number' && Number.isSafeInteger(deadline) ? deadline : null;
}

/**
 * Last moment at which an agreement counts, ms; null = never ends. From the type's rule, else the integer `deadline`
 * of a map transaction (DESIGN §3.2).
 */
export function proposalDeadline(proposal: HalfBlock, rule: TypeRule | undefined): number | null {
  if (rule?.deadline === undefined) return deadlineField(proposal.core.tx);
  try {
    const deadline = rule.deadline(proposal);
    return typeof deadline === 'number' && Number.isSafeInteger(deadline) ? deadline : null;
  } catch {
    return null;
  }
}

/** Runs part of an application's rule; a rule that throws counts as a finding, never as approval. */
export function applyRule(check: () => readonly ValidationIssue[]): readonly ValidationIssue[] {
  try {
    return check();
  } catch (error) {
    return [
      issue(
        'ERR_BLOCK_RULE',
        `The rule of the type failed: ${error instanceof Error ? error.message : 'unknown'}`,
      ),
    ];
  }
}

/** Findings in a proposal's transaction by its type's rule. */
export function checkProposal(block: HalfBlock, rule: TypeRule | undefined): readonly ValidationIssue[] {
  const check = rule?.checkProposal?.bind(rule);
  return check === undefined ? [] : applyRule(() => check(block));
}

function checkAgreement(
  answer: HalfBlock,
  proposal: HalfBlock,
  rule: TypeRule | undefined,
): readonly ValidationIssue[] {
  const check = rule?.checkAgreement?.bind(rule);
  if (check !== undefined) return applyRule(() => check(answer, proposal));
  return equalBytes(encodeCanonical(answer.core.tx), encodeCanonical(proposal.core.tx))
    ? []
    : [issue('ERR_BLOCK_AGREEMENT', 'The agreement repeats another transaction than the proposal')];
}

/**
 * Findings in an answer against the proposal that it links to; they discredit the answer alone, never the proposal
 * (DESIGN §1.4). `rule` is the rule of the proposal's type.
 */
export function checkAnswer(
  answer: HalfBlock,
  proposal: HalfBlock,
  rule: TypeRule | undefined,
): readonly ValidationIssue[] {
  const kind = answerKind(answer);
  const { core } = answer;
  const asked = proposal.core;
  if (asked.link !== null || isSelfBlock(proposal)) {
    return [
      issue('ERR_BLOCK_LINK_NOT_PROPOSAL', `Block ${proposal.id} is no proposal, so nothing can answer it`),
    ];
  }
  if (isUnaddressed(answer)) return [unaddressed()];
  const deadline = proposalDeadline(proposal, rule);
  const issues: ValidationIssue[] = [];

  if (kind === 'withdrawal') {
    const samePeer =
      core.peer === null || asked.peer === null
        ? core.peer === asked.peer
        : equalBytes(core.peer, asked.peer);
    if (!equalBytes(core.key, asked.key) || !samePeer) {
      issues.push(
        issue(
          'ERR_BLOCK_LINK_COUNTERPARTY',
          'Only the proposer withdraws a proposal, towards the same counterparty',
        ),
      );
    }
    if (deadline === null) {
      issues.push(
        issue('ERR_BLOCK_WITHDRAWAL_NO_DEADLINE', 'A proposal without a deadline cannot be withdrawn'),
      );
    } else if (core.time <= deadline) {
      issues.push(
        issue('ERR_BLOCK_WITHDRAWAL_EARLY', `Withdrawn at ${core.time}, but open until ${deadline}`),
      );
    }
    return issues;
  }

  const addressed = asked.peer === null ? kind === 'agreement' : equalBytes(asked.peer, core.key);
  if (!addressed || core.peer === null || !equalBytes(core.peer, asked.key)) {
    issues.push(
      issue(
        'ERR_BLOCK_LINK_COUNTERPARTY',
        'Only the counterparty of a proposal answers it, towards its author',
      ),
    );
  }
  if (kind === 'refusal') return issues;

  if (core.type !== asked.type) {
    issues.push(
      issue('ERR_BLOCK_LINK_TYPE', `Expected an agreement of type ${asked.type}, got ${core.type}`),
    );
  } else {
    issues.push(...checkAgreement(answer, proposal, rule));
  }
  if (deadline !== null && core.time > deadline) {
    issues.push(issue('ERR_BLOCK_ANSWER_LATE', `Agreed at ${core.time}, but the deadline was ${deadline}`));
  }
  return issues;
}
