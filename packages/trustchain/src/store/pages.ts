import {
  type AbortOptions,
  type BlockStore,
  type HalfBlock,
  type PublicKey,
  throwIfAborted,
} from '@edmp/interface';

/** Part of a chain to walk. */
export interface PageRange {
  readonly author: PublicKey;
  /** First position, inclusive. */
  readonly from: number;
  /** Last position, inclusive. */
  readonly to: number;
  /** Most blocks a page; at least the number of branches of one position. */
  readonly size: number;
}

/** Walks a range of a chain in pages that never split the branches of one position. */
export async function* chainPages(
  store: BlockStore,
  range: PageRange,
  options: AbortOptions = {},
): AsyncIterable<readonly HalfBlock[]> {
  let { from } = range;
  while (from <= range.to) {
    throwIfAborted(options.signal);
    const page = await store.range(range.author, from, range.to, range.size);
    const last = page.at(-1)?.core.seq;
    if (last === undefined) return;
    if (page.length < range.size) {
      yield page;
      return;
    }
    const whole = page.filter((block) => block.core.seq !== last);
    // A position with more branches than a page holds is cut rather than waited for for ever.
    yield whole.length === 0 ? page : whole;
    from = whole.length === 0 ? last + 1 : last;
  }
}
