import {
  type AbortOptions,
  type BlockId,
  type BlockStore,
  type Crypto,
  type HalfBlock,
  type PairState,
  type PublicKey,
  throwIfAborted,
  type ValidationIssue,
  type ValidationLevel,
} from '@edmp/interface';
import { type TypeRules, viewFromStore } from '../chain/view.ts';
import type { FraudKind } from '../fraud/evidence.ts';
import { decodeFraudProof } from '../fraud/proof.ts';
import { answersOf } from '../pair/answers-of.ts';
import { pairState } from '../pair/state.ts';
import { validateBlock } from '../validation/validate.ts';
import { chainGaps, type PositionRange } from './gaps.ts';
import { type BlockKind, blockKind } from './kind.ts';

/** Options of {@link describeChain}. */
export interface DescribeChainOptions extends AbortOptions {
  /** Local clock, ms since the epoch: decides what has expired. */
  readonly now: number;
  readonly crypto: Pick<Crypto, 'sha256'>;
  /** First position to describe. Default 1. */
  readonly from?: number;
  /** Most blocks to describe. Default 100. */
  readonly limit?: number;
  readonly rules?: TypeRules;
}

/** One block as people and programs look at it. */
export interface BlockDescription {
  readonly block: HalfBlock;
  readonly id: BlockId;
  readonly kind: BlockKind;
  readonly level: ValidationLevel;
  readonly issues: readonly ValidationIssue[];
  /** State of the pair that the block opened or answered; null when its proposal is not stored. */
  readonly pair: Pick<PairState, 'state' | 'reason' | 'deadline'> | null;
}

/** What is stored of one chain. */
export interface ChainDescription {
  readonly author: PublicKey;
  readonly head: { readonly seq: number; readonly id: BlockId } | null;
  /** Number of blocks stored, every branch counted. */
  readonly blocks: number;
  readonly gaps: readonly PositionRange[];
  /** Kinds of fraud that are proven. */
  readonly fraud: readonly FraudKind[];
  readonly entries: readonly BlockDescription[];
}

/** Describes a stored chain: its extent, and block by block what each is, how it is judged and what became of its pair. */
export async function describeChain(
  store: BlockStore,
  author: PublicKey,
  options: DescribeChainOptions,
): Promise<ChainDescription> {
  const { now, signal, from = 1, limit = 100 } = options;
  const rules: TypeRules = options.rules ?? new Map();
  const head = await store.head(author);
  const entries: BlockDescription[] = [];
  for (const block of await store.range(author, from, Number.MAX_SAFE_INTEGER, limit)) {
    throwIfAborted(signal);
    const { level, issues } = validateBlock(block, await viewFromStore(block, store, rules, now));
    const proposal = block.core.link === null ? block : await store.get(block.core.link);
    const pair =
      proposal === undefined
        ? null
        : pairState(proposal, await answersOf(store, proposal), { now, rule: rules.get(proposal.core.type) });
    entries.push({
      block,
      id: block.id,
      kind: blockKind(block),
      level,
      issues,
      pair: pair && { state: pair.state, reason: pair.reason, deadline: pair.deadline },
    });
  }
  const proofs = await store.proofs(author);
  return {
    author,
    head: head === undefined ? null : { seq: head.core.seq, id: head.id },
    blocks: await store.count(author),
    gaps: await chainGaps(store, author, { signal }),
    fraud: [...new Set(proofs.map((bytes) => decodeFraudProof(bytes, options.crypto).kind))],
    entries,
  };
}
