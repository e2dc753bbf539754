import {
  type AbortOptions,
  type BlockId,
  type BlockStore,
  type Crypto,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  type ValidationIssue,
  type ValidationLevel,
} from '@edmp/interface';
import { decodeHalfBlock } from '../block/codec.ts';
import { verifyItem } from '../block/signature.ts';
import { type TypeRules, viewFromStore } from '../chain/view.ts';
import { verifyFraudProof } from '../fraud/proof.ts';
import { chainPages } from '../store/pages.ts';
import { validateBlock } from '../validation/validate.ts';
import { chainGaps, type PositionRange } from './gaps.ts';

/** Options of {@link verifyChain}. */
export interface VerifyChainOptions extends AbortOptions {
  readonly crypto: Crypto;
  /** Local clock, ms since the epoch. */
  readonly now: number;
  readonly rules?: TypeRules;
  /** First position wanted, where what lies below was pruned (see `readCheckpoints`). Default 1. */
  readonly from?: number;
  /** Most findings to list. Default 1 000; `broken` counts them all. */
  readonly maxFindings?: number;
}

/** A block that breaks a rule. */
export interface ChainFinding {
  readonly id: BlockId;
  readonly seq: number;
  readonly issues: readonly ValidationIssue[];
}

/** What a chain is worth, checked from its bytes alone. */
export interface ChainReport {
  readonly author: PublicKey;
  /** No rule broken, no position missing, no fraud proven. */
  readonly sound: boolean;
  readonly blocks: number;
  readonly head: { readonly seq: number; readonly id: BlockId } | null;
  readonly gaps: readonly PositionRange[];
  /** Number of blocks by level. */
  readonly levels: Readonly<Record<ValidationLevel, number>>;
  /** Number of blocks that break a rule. */
  readonly broken: number;
  readonly findings: readonly ChainFinding[];
  /** Number of fraud proofs against the author that verify. */
  readonly proofs: number;
}

const PAGE = 256;

/** Findings that only the bytes of the block itself can show: the store is not trusted here. */
async function checkBytes(
  blocks: readonly HalfBlock[],
  crypto: Crypto,
): Promise<readonly ValidationIssue[][]> {
  const decoded = blocks.map((block): ValidationIssue[] => {
    try {
      const again = decodeHalfBlock(block.bytes, crypto);
      return equalBytes(again.id.bytes, block.id.bytes)
        ? []
        : [
            {
              code: 'ERR_STORE_CORRUPT',
              message: `The bytes stored under ${block.id} are those of ${again.id}`,
            },
          ];
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return [{ code: error.code, message: error.message }];
    }
  });
  const genuine = await crypto.ed25519VerifyMany(blocks.map(verifyItem));
  return decoded.map((issues, index) =>
    issues.length > 0 || genuine[index] === true
      ? issues
      : [{ code: 'ERR_BLOCK_SIGNATURE', message: 'The signature was not made by the author' }],
  );
}

/**
 * Checks every block of a stored chain again, from its bytes: encoding, identity, signature, neighbours, links, rules.
 * Offline; trusts nothing that was checked before.
 */
export async function verifyChain(
  store: BlockStore,
  author: PublicKey,
  options: VerifyChainOptions,
): Promise<ChainReport> {
  const { crypto, now, signal, maxFindings = 1_000, from = 1 } = options;
  const rules: TypeRules = options.rules ?? new Map();
  const levels: Record<ValidationLevel, number> = {
    valid: 0,
    'partial-next': 0,
    'partial-previous': 0,
    partial: 0,
    'no-info': 0,
    invalid: 0,
  };
  const findings: ChainFinding[] = [];
  let blocks = 0;
  let broken = 0;
  const range = { author, from, to: Number.MAX_SAFE_INTEGER, size: PAGE };
  for await (const page of chainPages(store, range, { signal })) {
    const byBytes = await checkBytes(page, crypto);
    for (const [index, block] of page.entries()) {
      const verdict = validateBlock(block, await viewFromStore(block, store, rules, now));
      const issues = [...(byBytes[index] ?? []), ...verdict.issues];
      levels[issues.length > 0 && !verdict.deferred ? 'invalid' : verdict.level] += 1;
      blocks += 1;
      if (issues.length === 0) continue;
      broken += 1;
      if (findings.length < maxFindings) findings.push({ id: block.id, seq: block.core.seq, issues });
    }
  }
  let proofs = 0;
  for (const bytes of await store.proofs(author)) {
    if (equalBytes(verifyFraudProof(bytes, crypto).author, author)) proofs += 1;
  }
  const head = await store.head(author);
  const gaps = await chainGaps(store, author, { signal, floor: from });
  return {
    author,
    sound: broken === 0 && gaps.length === 0 && proofs === 0,
    blocks,
    head: head === undefined ? null : { seq: head.core.seq, id: head.id },
    gaps,
    levels,
    broken,
    findings,
    proofs,
  };
}
