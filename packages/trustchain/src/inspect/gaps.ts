import type { AbortOptions, BlockStore, PublicKey } from '@edmp/interface';
import { chainPages } from '../store/pages.ts';

/** A run of positions, both ends inclusive. */
export type PositionRange = readonly [from: number, to: number];

/** Blocks read at once. */
const PAGE = 1_000;

/** Whether every position up to `top` is surely stored, found out without reading the chain. */
async function isWhole(store: BlockStore, author: PublicKey, top: number): Promise<boolean> {
  const count = await store.count(author);
  if (count < top) return false;
  // Branches count as blocks: a fork can make up for a block that is missing.
  if (store.positions !== undefined) return (await store.positions(author)) === top;
  return count === top && (await store.proofs(author)).length === 0;
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

/** Positions below the head of a chain that are not stored, from `floor` (default 1) on. */
export async function chainGaps(
  store: BlockStore,
  author: PublicKey,
  options: AbortOptions & { readonly floor?: number } = {},
): Promise<readonly PositionRange[]> {
  const floor = options.floor ?? 1;
  const top = (await store.head(author))?.core.seq ?? 0;
  if (floor === 1 && (await isWhole(store, author, top))) return [];
  const { gaps, note } = gapCollector(floor);
  for await (const page of chainPages(store, { author, from: floor, to: top, size: PAGE }, options)) {
    for (const { core } of page) note(core.seq);
  }
  return gaps;
}
