import {
  type AbortOptions,
  type BlockStore,
  equalBytes,
  type HalfBlock,
  type PublicKey,
} from '@edmp/interface';
import type { FraudEvidence } from '../fraud/evidence.ts';
import { gapCollector, type PositionRange } from '../inspect/gaps.ts';
import { positionsOf } from '../prune/chain-cut.ts';
import { readsOf } from '../store/at-once.ts';
import { chainPages } from '../store/pages.ts';
import { type Verdict, validateBlock } from '../validation/validate.ts';
import { linkViews, type TypeRules } from './view.ts';

/** Blocks read and judged at once. */
const PAGE = 256;

/** What a stretch of a chain is read with. */
export interface StretchContext {
  readonly store: BlockStore;
  readonly rules: TypeRules;
  /** Local clock, ms since the epoch. */
  readonly now: number;
}

/** Part of a stored chain, both ends inclusive. */
export interface StretchRange {
  readonly author: PublicKey;
  readonly from: number;
  readonly to: number;
  /** The block before `from`, where it was checked already. */
  readonly before?: HalfBlock | undefined;
}

/** What reading a stretch came to. */
export type Stretch =
  | { readonly kind: 'whole'; readonly last: HalfBlock; readonly fraud: readonly FraudEvidence[] }
  /** Positions are missing; what lies above the first of them was not read. */
  | { readonly kind: 'gap'; readonly first: PositionRange; readonly fraud: readonly FraudEvidence[] }
  | {
      readonly kind: 'invalid';
      readonly block: HalfBlock;
      readonly issues: Verdict['issues'];
      readonly fraud: readonly FraudEvidence[];
    };

/**
 * Reads a stretch of a chain and judges every block by the one before it, by the other branches of its position and by
 * what it answers. `fraud` is what came to light on the way, by whomever.
 */
export async function readStretch(
  context: StretchContext,
  range: StretchRange,
  options: AbortOptions = {},
): Promise<Stretch> {
  const { store, rules, now } = context;
  const { author, from, to } = range;
  const { gaps, note } = gapCollector(from);
  const fraud: FraudEvidence[] = [];
  let last = range.before;
  for await (const page of chainPages(store, { author, from, to, size: PAGE }, options)) {
    const links = await linkViews(page, readsOf(store), rules);
    let index = 0;
    for (const branches of positionsOf(page)) {
      const [block] = branches;
      note(block.core.seq);
      const [gap] = gaps;
      if (gap !== undefined) return { kind: 'gap', first: gap, fraud };
      const previous = last === undefined ? [] : [last];
      const link = links[index] ?? { answers: [] };
      const view = { now, branches: branches.slice(1), previous, next: [], ...link };
      const verdict = validateBlock(block, view);
      if (verdict.fraud !== undefined) fraud.push(verdict.fraud);
      if (verdict.level === 'invalid') return { kind: 'invalid', block, issues: verdict.issues, fraud };
      index += branches.length;
      last = block;
    }
  }
  if (last === undefined || last.core.seq < to || !equalBytes(last.core.key, author)) {
    return { kind: 'gap', first: [Math.max(from, (last?.core.seq ?? 0) + 1), to], fraud };
  }
  return { kind: 'whole', last, fraud };
}
