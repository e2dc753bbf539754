import {
  equalBytes,
  type HalfBlock,
  InvalidArgumentError,
  type TypeRule,
  type ValidationIssue,
  type ValidationLevel,
} from '@edmp/interface';
import { MAX_CLOCK_AHEAD_MS } from '../block/limits.ts';
import {
  doubleAnswerEvidence,
  type FraudEvidence,
  forkEvidence,
  hashLinkEvidence,
} from '../fraud/evidence.ts';
import { checkAnswer, checkProposal, isUnaddressed, unaddressed } from '../pair/answer.ts';
import { issue } from './codes.ts';
import { neighbourhoodLevel } from './level.ts';

/** The known blocks that bear on one block. All of them are well-formed and rightly signed. */
export interface BlockView {
  /** Local clock, ms since the epoch. */
  readonly now: number;
  /** Other cores by the same author at the same position. */
  readonly branches: readonly HalfBlock[];
  /** Every branch of the nearest known position of the author below. */
  readonly previous: readonly HalfBlock[];
  /** Every branch of the nearest known position of the author above. */
  readonly next: readonly HalfBlock[];
  /**
   * The block of the same author that `prev` names, when it is known and no block at the position before is: where it
   * stands is another position.
   */
  readonly named?: HalfBlock | undefined;
  /** The block that `link` names, when it is known. */
  readonly proposal?: HalfBlock | undefined;
  /**
   * What the counterparty of the directed proposal answered, the block itself left out: to `proposal`, or to the block
   * when it is the proposal. Others' answers may be there or not; the verdict is the same.
   */
  readonly answers: readonly HalfBlock[];
  /** Rule of the block's type; for an answer, of its proposal's type. */
  readonly rule?: TypeRule | undefined;
}

/** What {@link validateBlock} found. */
export interface Verdict {
  readonly level: ValidationLevel;
  /** Every rule that the block breaks; empty unless the level is `invalid` or the block is deferred. */
  readonly issues: readonly ValidationIssue[];
  /** Proof that some author, not necessarily the block's, cheated. */
  readonly fraud?: FraudEvidence;
  /** The block claims a time too far ahead of the local clock: judge it again later. */
  readonly deferred: boolean;
}

const sameId = (a: HalfBlock, b: HalfBlock): boolean => equalBytes(a.id.bytes, b.id.bytes);

const follows = (later: HalfBlock, earlier: HalfBlock): boolean =>
  later.core.prev !== null && equalBytes(later.core.prev.bytes, earlier.id.bytes);

function expectNeighbours(block: HalfBlock, view: BlockView): void {
  const { key, seq } = block.core;
  const check = (blocks: readonly HalfBlock[], place: string, fits: (seq: number) => boolean): void => {
    for (const other of blocks) {
      if (equalBytes(other.core.key, key) && fits(other.core.seq)) continue;
      throw new InvalidArgumentError(
        `The view of block ${block.id} names block ${other.id} (position ${other.core.seq}) as ${place}`,
      );
    }
  };
  check(view.branches, 'another branch of its position', (other) => other === seq);
  check(view.previous, 'an earlier block of its author', (other) => other < seq);
  check(view.next, 'a later block of its author', (other) => other > seq);
  const { named } = view;
  if (named === undefined) return;
  check([named], 'the block that it follows', () => follows(block, named));
}

/**
 * Judges a well-formed, rightly signed block by the blocks known around it. Pure: no clock, no store, and the same
 * verdict in whatever order the blocks arrived (DESIGN §3.3). What an author's own chain contradicts discredits that
 * author's blocks; what a link claims discredits only the block that carries the link.
 *
 * Throws `ERR_INVALID_ARGUMENT` when the view holds blocks that do not belong there.
 */
export function validateBlock(block: HalfBlock, view: BlockView): Verdict {
  expectNeighbours(block, view);
  const { core } = block;
  const issues: ValidationIssue[] = [];
  let fraud: FraudEvidence | undefined;

  const branch = view.branches.find((other) => !sameId(other, block));
  if (branch !== undefined) {
    issues.push(issue('ERR_BLOCK_FORK', `Its author also signed ${branch.id} at position ${core.seq}`));
    fraud ??= forkEvidence(block, branch);
  }

  const previous = view.previous.filter((other) => other.core.seq === core.seq - 1);
  const [firstPrevious] = previous;
  if (firstPrevious !== undefined) {
    const connected = previous.find((other) => follows(block, other));
    if (connected === undefined) {
      issues.push(
        issue(
          'ERR_BLOCK_PREVIOUS_MISMATCH',
          `It follows ${core.prev}, but position ${core.seq - 1} holds ${firstPrevious.id}`,
        ),
      );
      fraud ??= hashLinkEvidence(firstPrevious, block);
    } else if (connected.core.time > core.time) {
      issues.push(
        issue(
          'ERR_BLOCK_TIME_BACKWARDS',
          `Dated ${core.time}, but it follows a block dated ${connected.core.time}`,
        ),
      );
    }
  }

  const misplaced =
    view.named === undefined || firstPrevious !== undefined ? undefined : hashLinkEvidence(view.named, block);
  if (misplaced !== undefined) {
    issues.push(
      issue(
        'ERR_BLOCK_PREVIOUS_MISMATCH',
        `It follows ${core.prev}, which stands at position ${view.named?.core.seq}`,
      ),
    );
    fraud ??= misplaced;
  }

  const orphan = view.next.find(
    (other) =>
      other.core.seq === core.seq + 1 &&
      !follows(other, block) &&
      // A later block that follows another known branch is explained by the fork, which is reported above.
      !view.branches.some((known) => follows(other, known)),
  );
  if (orphan !== undefined) {
    issues.push(
      issue('ERR_BLOCK_NEXT_MISMATCH', `The block at position ${core.seq + 1} follows ${orphan.core.prev}`),
    );
    fraud ??= hashLinkEvidence(block, orphan);
  }
  // A block that follows this one from elsewhere is wrong by itself; this one is not.
  const afar = [...view.previous, ...view.next].find(
    (other) => other.core.seq !== core.seq + 1 && follows(other, block),
  );
  if (afar !== undefined) fraud ??= hashLinkEvidence(block, afar);

  if (core.link === null) {
    issues.push(...checkProposal(block, view.rule));
    fraud ??= doubleAnswerEvidence(block, view.answers);
  } else {
    if (isUnaddressed(block)) issues.push(unaddressed());
    else if (view.proposal !== undefined) issues.push(...checkAnswer(block, view.proposal, view.rule));
    // Fraud does not depend on what else is wrong with an answer.
    const double = view.proposal && doubleAnswerEvidence(view.proposal, [block, ...view.answers]);
    if (double !== undefined) {
      if (equalBytes(double.author, core.key)) {
        issues.push(issue('ERR_BLOCK_DOUBLE_ANSWER', 'Its author gave another answer to the same proposal'));
      }
      fraud ??= double;
    }
  }

  const deferred = core.time > view.now + MAX_CLOCK_AHEAD_MS;
  if (deferred) {
    issues.push(issue('ERR_BLOCK_FUTURE', `Dated ${core.time - view.now} ms ahead of the local clock`));
  }
  const condemned = issues.length > (deferred ? 1 : 0);
  const level = condemned
    ? 'invalid'
    : neighbourhoodLevel(core.seq, view.previous[0]?.core.seq ?? null, view.next[0]?.core.seq ?? null);
  return { level, issues, deferred, ...(fraud === undefined ? {} : { fraud }) };
}
