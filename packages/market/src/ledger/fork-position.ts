import type { PublicKey, Trustchain } from '@edmp/interface';

/** Positions looked at a time. */
const PAGE = 500;

/**
 * The first position at which a proven cheat has two blocks in the store. Fraud of another kind (double answers,
 * contradicting links) has no fork position: the whole chain is frozen.
 */
export async function forkPosition(trustchain: Trustchain, author: PublicKey): Promise<number> {
  const { store } = trustchain;
  const head = await store.head(author);
  let last = 0;
  for (let from = 1; from <= (head?.core.seq ?? 0); ) {
    const blocks = await store.range(author, from, Number.MAX_SAFE_INTEGER, PAGE);
    if (blocks.length === 0) break;
    for (const block of blocks) {
      if (block.core.seq === last) return last;
      last = block.core.seq;
    }
    // The last position may go on in the next page.
    from = blocks.length < PAGE ? Number.MAX_SAFE_INTEGER : last;
    if (from === last) last = 0;
  }
  return 1;
}
