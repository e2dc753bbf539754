import { compareBytes, equalBytes, type HalfBlock, type PublicKey } from '@edmp/interface';
import { answerKind, isSelfBlock } from '../pair/answer.ts';

/**
 * How an author cheated (DESIGN §3.4):
 *
 * - `fork`: two different cores at one position
 * - `hash-link`: a block that does not follow the author's own block at the position before, or follows one of the
 *   author's own at another position
 * - `double-answer`: two different answers to one proposal that was addressed to the author
 * - `slot`: two blocks that carry one slot by the rules of their types, at different positions
 */
export type FraudKind = (typeof FRAUD_KINDS)[number];

/** Every {@link FraudKind}. */
export const FRAUD_KINDS = ['fork', 'hash-link', 'double-answer', 'slot'] as const;

/** Contradicting blocks, in canonical order, that only their author can have signed. */
export interface FraudEvidence {
  readonly kind: FraudKind;
  /** Who cheated. */
  readonly author: PublicKey;
  /**
   * `fork`, `slot`: the two cores by id bytes. `hash-link`: the block that should be, or is, named by `prev`, then the
   * block with that `prev`.
   * `double-answer`: the proposal, then the two answers by id bytes.
   */
  readonly blocks: readonly HalfBlock[];
}

const byId = (a: HalfBlock, b: HalfBlock): number => compareBytes(a.id.bytes, b.id.bytes);
const sameId = (a: HalfBlock, b: HalfBlock): boolean => equalBytes(a.id.bytes, b.id.bytes);

/** Evidence that two blocks are branches of one position; undefined when they are not. */
export function forkEvidence(a: HalfBlock, b: HalfBlock): FraudEvidence | undefined {
  if (!equalBytes(a.core.key, b.core.key) || a.core.seq !== b.core.seq || sameId(a, b)) return undefined;
  return { kind: 'fork', author: a.core.key, blocks: [a, b].sort(byId) };
}

/**
 * Evidence that `later` contradicts its author's own `earlier` block: it stands right behind it and does not follow it,
 * or follows it and does not stand right behind it. Undefined when it does not contradict it.
 */
export function hashLinkEvidence(earlier: HalfBlock, later: HalfBlock): FraudEvidence | undefined {
  if (!equalBytes(earlier.core.key, later.core.key)) return undefined;
  const isBehind = later.core.seq === earlier.core.seq + 1;
  const follows = later.core.prev !== null && equalBytes(later.core.prev.bytes, earlier.id.bytes);
  if (isBehind === follows) return undefined;
  return { kind: 'hash-link', author: earlier.core.key, blocks: [earlier, later] };
}

/**
 * What two blocks of one author would prove if they carry one slot, which the rules of their types say; undefined when
 * they cannot. At one position they are a fork, whatever they carry.
 */
export function slotEvidence(a: HalfBlock, b: HalfBlock): FraudEvidence | undefined {
  if (!equalBytes(a.core.key, b.core.key) || a.core.seq === b.core.seq || sameId(a, b)) return undefined;
  return { kind: 'slot', author: a.core.key, blocks: [a, b].sort(byId) };
}

/**
 * Evidence of the counterparty's two different answers to a directed proposal; undefined when there are not two.
 *
 * @param answers - Blocks of the counterparty that link to the proposal, in any order.
 */
export function doubleAnswerEvidence(
  proposal: HalfBlock,
  answers: readonly HalfBlock[],
): FraudEvidence | undefined {
  const { peer, link } = proposal.core;
  if (peer === null || link !== null || isSelfBlock(proposal) || answers.length < 2) return undefined;
  const own = answers
    .filter((answer) => {
      const kind = answerKind(answer);
      return (
        (kind === 'agreement' || kind === 'refusal') &&
        equalBytes(answer.core.key, peer) &&
        answer.core.link !== null &&
        equalBytes(answer.core.link.bytes, proposal.id.bytes)
      );
    })
    .sort(byId);
  const [first] = own;
  const second = first && own.find((answer) => !sameId(answer, first));
  if (first === undefined || second === undefined) return undefined;
  return { kind: 'double-answer', author: peer, blocks: [proposal, first, second] };
}

/**
 * Checks evidence again from its blocks; undefined when they do not contradict each other as `kind` says. What the slots
 * of a `slot` are is not looked at.
 */
export function reconstructEvidence(
  kind: FraudKind,
  blocks: readonly HalfBlock[],
): FraudEvidence | undefined {
  const [first, second, third] = blocks;
  if (first === undefined || second === undefined) return undefined;
  if (kind === 'double-answer') {
    return third === undefined || blocks.length !== 3
      ? undefined
      : doubleAnswerEvidence(first, [second, third]);
  }
  if (blocks.length !== 2) return undefined;
  if (kind === 'slot') return slotEvidence(first, second);
  return kind === 'fork' ? forkEvidence(first, second) : hashLinkEvidence(first, second);
}
