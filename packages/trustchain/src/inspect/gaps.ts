import type { AbortOptions, BlockStore, PublicKey } from '@edmp/interface';
import { chainPages } from '../store/pages.ts';

/** A run of positions, both ends inclusive. */
export type PositionRange = readonly [from: number, to: number];

/** Blocks read at once. */
const PAGE = 1_000;

/**
 * Whether every position up to `top`, the head read before, is surely stored, found out without reading the chain.
 * Blocks may come in between two questions: positions counted while the head stays where it was all lie below it.
 */
async function isWhole(store: BlockStore, author: PublicKey, top: number): Promise<boolean> {
  const count = await store.count(author);
  if (count < top) return false;
  // Branches count as blocks: a fork can make up for a block that is missing.
  const positions = (await store.positions?.(author)) ?? count;
  if (positions !== top) return false;
  if (store.positions === undefined && (await store.proofs(author)).length > 0) return false;
  return ((await store.head(author))?.core.seq ?? 0) === top;
}

/** Notes ascending positions of a chain and collects the runs that are missing between them. */
export function gapCollector(floor: number): {
  readonly gaps: readonly PositionRange[];
  note(seq: number): void;
} {
  const gaps: PositionRange[] = [];
  let expected = floor;
  return {
    gaps,
    note(seq) {
      if (seq > expected) gaps.push([expected, seq - 1]);
      expected = seq + 1;
    },
  };
}

/** Where a stored chain ends, and what is missing below. */
export interface ChainExtent {
  /** The highest position stored; 0 without any. */
  readonly top: number;
  /** Positions below `top` that are not stored, ascending. */
  readonly gaps: readonly PositionRange[];
}

/**
 * The extent of a chain by one look at its head: what is missing is told up to that head, whatever comes in while the
 * store is read. A position that comes in meanwhile may be told as missing, never the other way round.
 *
 * @param options - `signal` ends the reading; `floor` is the lowest position that should be there (default 1).
 */
export async function chainExtent(
  store: BlockStore,
  author: PublicKey,
  options: AbortOptions & { readonly floor?: number } = {},
): Promise<ChainExtent> {
  const floor = options.floor ?? 1;
  const top = (await store.head(author))?.core.seq ?? 0;
  if (floor === 1 && (await isWhole(store, author, top))) return { top, gaps: [] };
  const { gaps, note } = gapCollector(floor);
  for await (const page of chainPages(store, { author, from: floor, to: top, size: PAGE }, options)) {
    for (const { core } of page) note(core.seq);
  }
  return { top, gaps };
}

/**
 * Positions below the head of a chain that are not stored, from `floor` (default 1) on.
 *
 * @param options - `signal` ends the reading; `floor` is the lowest position that should be there (default 1).
 */
export async function chainGaps(
  store: BlockStore,
  author: PublicKey,
  options: AbortOptions & { readonly floor?: number } = {},
): Promise<readonly PositionRange[]> {
  return (await chainExtent(store, author, options)).gaps;
}

/** The parts of ascending ranges that lie in `from` to `to`. */
export function clipRanges(
  ranges: readonly PositionRange[],
  from: number,
  to: number,
): readonly PositionRange[] {
  return ranges
    .map(([first, last]): PositionRange => [Math.max(first, from), Math.min(last, to)])
    .filter(([first, last]) => first <= last);
}

/** Number of positions in ranges. */
export const positionsIn = (ranges: readonly PositionRange[]): number =>
  ranges.reduce((sum, [from, to]) => sum + (to - from + 1), 0);
