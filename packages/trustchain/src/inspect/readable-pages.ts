import {
  type AbortOptions,
  type BlockStore,
  type EdmpError,
  type HalfBlock,
  isEdmpError,
} from '@edmp/interface';
import { chainPages, type PageRange } from '../store/pages.ts';

/** A position with a row that holds no block; its other branches, if any, cannot be read either. */
export interface UnreadablePosition {
  readonly seq: number;
  /** `ERR_STORE_CORRUPT`. */
  readonly error: EdmpError;
}

/** Part of a chain: readable blocks, or a position that is not. */
export type PageOrFault =
  | { readonly page: readonly HalfBlock[] }
  | { readonly unreadable: UnreadablePosition };

async function corruption(store: BlockStore, range: PageRange): Promise<EdmpError | undefined> {
  try {
    await store.range(range.author, range.from, range.to, range.size);
    return undefined;
  } catch (error) {
    if (!isEdmpError(error, 'ERR_STORE_CORRUPT')) throw error;
    return error;
  }
}

/** The lowest position from `range.from` on that cannot be read, where `error` says that there is one. */
async function firstUnreadable(
  store: BlockStore,
  range: PageRange,
  error: EdmpError,
): Promise<UnreadablePosition> {
  let readable = range.from - 1;
  let broken: UnreadablePosition = { seq: range.to, error };
  // Strides that double, then halves: positions may lie far apart, and at most a page is read each time.
  for (let stride = 1; range.from - 1 + stride < broken.seq; stride *= 2) {
    const to = range.from - 1 + stride;
    const found = await corruption(store, { ...range, to });
    if (found !== undefined) broken = { seq: to, error: found };
    else readable = to;
  }
  while (broken.seq - readable > 1) {
    const to = readable + Math.floor((broken.seq - readable) / 2);
    const found = await corruption(store, { ...range, to });
    if (found !== undefined) broken = { seq: to, error: found };
    else readable = to;
  }
  return broken;
}

/** {@link chainPages} of a store that may be damaged: what cannot be read is told by position, and the rest is given. */
export async function* readablePages(
  store: BlockStore,
  range: PageRange,
  options: AbortOptions = {},
): AsyncIterable<PageOrFault> {
  let { from } = range;
  // A store that can read nothing must not be asked for every number there is.
  let faults = await store.count(range.author);
  while (from <= range.to) {
    let error: EdmpError;
    try {
      for await (const page of chainPages(store, { ...range, from }, options)) {
        yield { page };
        from = (page.at(-1)?.core.seq ?? from) + 1;
      }
      return;
    } catch (cause) {
      if (!isEdmpError(cause, 'ERR_STORE_CORRUPT')) throw cause;
      error = cause;
    }
    const unreadable = await firstUnreadable(store, { ...range, from }, error);
    if (unreadable.seq > from) {
      const readable = { ...range, from, to: unreadable.seq - 1 };
      for await (const page of chainPages(store, readable, options)) yield { page };
    }
    yield { unreadable };
    from = unreadable.seq + 1;
    faults -= 1;
    if (faults <= 0) return;
  }
}
