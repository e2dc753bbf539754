import {
  type AbortOptions,
  type BlockId,
  type BlockStore,
  type Crypto,
  type EdmpError,
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
import { slotsBy } from '../fraud/slot.ts';
import { validateBlock } from '../validation/validate.ts';
import { gapCollector, type PositionRange } from './gaps.ts';
import { lenientReads } from './lenient-reads.ts';
import { readablePages } from './readable-pages.ts';

/** Options of {@link verifyChain}. */
export interface VerifyChainOptions extends AbortOptions {
  readonly crypto: Crypto;
  /** Local clock, ms since the epoch. */
  readonly now: number;
  readonly rules?: TypeRules;
  /** First position wanted, where what lies below was pruned (see `readCheckpoints`). Default 1. */
  readonly from?: number;
  /** Most findings to list of each kind. Default 1 000; `broken` counts the broken blocks all. */
  readonly maxFindings?: number;
}

/** A block that breaks a rule. */
export interface ChainFinding {
  readonly id: BlockId;
  readonly seq: number;
  readonly issues: readonly ValidationIssue[];
}

/** A row that holds no block, or no proof against the author. */
export interface UnreadableRow {
  readonly kind: 'block' | 'proof';
  /** Position of the block; null for proofs. */
  readonly seq: number | null;
  readonly issue: ValidationIssue;
}

/** What a chain is worth, checked from its bytes alone. */
export interface ChainReport {
  readonly author: PublicKey;
  /** No rule broken, no position missing, no row unreadable, no fraud proven. */
  readonly sound: boolean;
  /** Number of blocks that were read, every branch counted. */
  readonly blocks: number;
  /** The highest block that can be read. */
  readonly head: { readonly seq: number; readonly id: BlockId } | null;
  readonly gaps: readonly PositionRange[];
  /** Number of blocks by level. */
  readonly levels: Readonly<Record<ValidationLevel, number>>;
  /** Number of blocks that break a rule. */
  readonly broken: number;
  readonly findings: readonly ChainFinding[];
  /** Rows that are damaged: their blocks count in nothing else here, and are judged neither as missing nor as there. */
  readonly unreadable: readonly UnreadableRow[];
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

const asIssue = ({ code, message }: EdmpError): ValidationIssue => ({ code, message });

/** Finding about a stored proof; undefined when it verifies and is one against `author`. */
function checkProof(
  bytes: Uint8Array,
  author: PublicKey,
  crypto: Crypto,
  rules: TypeRules,
): ValidationIssue | undefined {
  try {
    if (equalBytes(verifyFraudProof(bytes, crypto, slotsBy(rules)).author, author)) return undefined;
    return {
      code: 'ERR_STORE_CORRUPT',
      message: 'The proof stored against this author is one against another',
    };
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    return asIssue(error);
  }
}

/** The head of a chain of which nothing was read from the first position wanted on. */
async function headBelow(store: BlockStore, author: PublicKey): Promise<HalfBlock | undefined> {
  try {
    return await store.head(author);
  } catch (error) {
    if (!isEdmpError(error, 'ERR_STORE_CORRUPT')) throw error;
    return undefined;
  }
}

/**
 * Checks every block of a stored chain again, from its bytes: encoding, identity, signature, neighbours, links, rules.
 * Offline; trusts nothing that was checked before. Damaged rows are findings too, and the rest is checked all the same.
 */
export async function verifyChain(
  store: BlockStore,
  author: PublicKey,
  options: VerifyChainOptions,
): Promise<ChainReport> {
  const { crypto, now, signal, maxFindings = 1_000, from = 1 } = options;
  const rules: TypeRules = options.rules ?? new Map();
  const lenient = lenientReads(store);
  const levels: Record<ValidationLevel, number> = {
    valid: 0,
    'partial-next': 0,
    'partial-previous': 0,
    partial: 0,
    'no-info': 0,
    invalid: 0,
  };
  const findings: ChainFinding[] = [];
  const unreadable: UnreadableRow[] = [];
  let damage = 0;
  const damaged = (row: UnreadableRow): void => {
    damage += 1;
    if (unreadable.length < maxFindings) unreadable.push(row);
  };
  const { gaps, note } = gapCollector(from);
  let blocks = 0;
  let broken = 0;
  let head: HalfBlock | undefined;
  const range = { author, from, to: Number.MAX_SAFE_INTEGER, size: PAGE };
  for await (const part of readablePages(store, range, { signal })) {
    if ('unreadable' in part) {
      const { seq, error } = part.unreadable;
      note(seq);
      damaged({ kind: 'block', seq, issue: asIssue(error) });
      continue;
    }
    const byBytes = await checkBytes(part.page, crypto);
    for (const [index, block] of part.page.entries()) {
      note(block.core.seq);
      if (head === undefined || block.core.seq > head.core.seq) head = block;
      const verdict = validateBlock(block, await viewFromStore(block, lenient, rules, now));
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
    const issue = checkProof(bytes, author, crypto, rules);
    if (issue === undefined) proofs += 1;
    else damaged({ kind: 'proof', seq: null, issue });
  }
  head ??= await headBelow(store, author);
  return {
    author,
    sound: broken === 0 && gaps.length === 0 && damage === 0 && proofs === 0,
    blocks,
    head: head === undefined ? null : { seq: head.core.seq, id: head.id },
    gaps,
    levels,
    broken,
    findings,
    unreadable,
    proofs,
  };
}
