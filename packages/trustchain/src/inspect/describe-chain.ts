import {
  type AbortOptions,
  type BlockId,
  type BlockStore,
  type Crypto,
  type HalfBlock,
  isEdmpError,
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
import { chainExtent, clipRanges, gapCollector, type PositionRange } from './gaps.ts';
import { type BlockKind, blockKind } from './kind.ts';
import { lenientReads } from './lenient-reads.ts';
import { readablePages } from './readable-pages.ts';
import type { UnreadableRow } from './verify-chain.ts';

/** Blocks read at once. */
const PAGE = 256;

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
  /** Rows in the part described that hold no block, and proofs that cannot be read. */
  readonly unreadable: readonly UnreadableRow[];
}

/** The extent of a chain of which rows may be damaged: those count as there. */
async function lenientExtent(
  store: BlockStore,
  author: PublicKey,
  signal: AbortSignal | undefined,
): Promise<{ readonly head: HalfBlock | undefined; readonly gaps: readonly PositionRange[] }> {
  try {
    const head = await store.head(author);
    const { gaps } = await chainExtent(store, author, { signal });
    return { head, gaps: clipRanges(gaps, 1, head?.core.seq ?? 0) };
  } catch (error) {
    if (!isEdmpError(error, 'ERR_STORE_CORRUPT')) throw error;
  }
  const { gaps, note } = gapCollector(1);
  let head: HalfBlock | undefined;
  const range = { author, from: 1, to: Number.MAX_SAFE_INTEGER, size: PAGE };
  for await (const part of readablePages(store, range, { signal })) {
    if ('unreadable' in part) note(part.unreadable.seq);
    else {
      for (const block of part.page) {
        note(block.core.seq);
        if (block.core.seq !== head?.core.seq) head = block;
      }
    }
  }
  return { head, gaps };
}

/** The first blocks from a position on, and the rows among them that hold none. */
async function lenientRange(
  store: BlockStore,
  author: PublicKey,
  from: number,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly blocks: readonly HalfBlock[]; readonly unreadable: readonly UnreadableRow[] }> {
  const blocks: HalfBlock[] = [];
  const unreadable: UnreadableRow[] = [];
  const range = { author, from, to: Number.MAX_SAFE_INTEGER, size: Math.max(1, Math.min(PAGE, limit)) };
  for await (const part of readablePages(store, range, { signal })) {
    if (blocks.length + unreadable.length >= limit) break;
    if ('unreadable' in part) {
      const { seq, error } = part.unreadable;
      unreadable.push({ kind: 'block', seq, issue: { code: error.code, message: error.message } });
    } else blocks.push(...part.page.slice(0, limit - blocks.length - unreadable.length));
  }
  return { blocks, unreadable };
}

/** Kinds of the proofs stored against an author, and the rows that hold none. */
function kindsOf(
  proofs: readonly Uint8Array[],
  crypto: Pick<Crypto, 'sha256'>,
): { readonly fraud: readonly FraudKind[]; readonly unreadable: readonly UnreadableRow[] } {
  const fraud = new Set<FraudKind>();
  const unreadable: UnreadableRow[] = [];
  for (const bytes of proofs) {
    try {
      fraud.add(decodeFraudProof(bytes, crypto).kind);
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      unreadable.push({ kind: 'proof', seq: null, issue: { code: error.code, message: error.message } });
    }
  }
  return { fraud: [...fraud], unreadable };
}

/**
 * Describes a stored chain: its extent, and block by block what each is, how it is judged and what became of its pair.
 * Damaged rows are told, and the rest is described all the same.
 */
export async function describeChain(
  store: BlockStore,
  author: PublicKey,
  options: DescribeChainOptions,
): Promise<ChainDescription> {
  const { now, signal, from = 1, limit = 100 } = options;
  const rules: TypeRules = options.rules ?? new Map();
  const lenient = lenientReads(store);
  const blocks = await store.count(author);
  const { head, gaps } = await lenientExtent(store, author, signal);
  const found = await lenientRange(store, author, from, limit, signal);
  const entries: BlockDescription[] = [];
  for (const block of found.blocks) {
    throwIfAborted(signal);
    const { level, issues } = validateBlock(block, await viewFromStore(block, lenient, rules, now));
    const proposal = block.core.link === null ? block : await lenient.get(block.core.link);
    const pair =
      proposal === undefined
        ? null
        : pairState(proposal, await answersOf(lenient, proposal), {
            now,
            rule: rules.get(proposal.core.type),
          });
    entries.push({
      block,
      id: block.id,
      kind: blockKind(block),
      level,
      issues,
      pair: pair && { state: pair.state, reason: pair.reason, deadline: pair.deadline },
    });
  }
  const proofs = kindsOf(await store.proofs(author), options.crypto);
  return {
    author,
    head: head === undefined ? null : { seq: head.core.seq, id: head.id },
    blocks,
    gaps,
    fraud: proofs.fraud,
    entries,
    unreadable: [...found.unreadable, ...proofs.unreadable],
  };
}
