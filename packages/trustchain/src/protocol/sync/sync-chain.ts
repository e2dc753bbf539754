import {
  type AbortOptions,
  type BlockStore,
  equalBytes,
  type HalfBlock,
  type PublicKey,
} from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';
import { ChainError, MAX_LISTED_RANGES } from '../../chain/errors.ts';
import { chainExtent, clipRanges, type PositionRange } from '../../inspect/gaps.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { chainPages } from '../../store/pages.ts';
import { fetchRanges, type SyncContext } from './sync.ts';
import { type SyncProgress, syncProgress } from './sync-progress.ts';

/** Blocks read at once when this node's store is searched for what has no other half. */
const SCAN_PAGE = 1_000;
/** Pairs of a peer and an author whose links were fetched that are remembered. */
const MAX_MARKS = 4_096;

/** Times that a peer is asked again: heads that come in while it answers lie above what it was asked for in time. */
const MAX_ROUNDS = 3;

/** How far the links of an author were fetched from a peer. */
interface LinkMark {
  /** Newest arrival at the peer. */
  readonly since: number;
  /** Highest position stored here. */
  readonly top: number;
  /** Blocks stored here up to it: more mean that others came in between. */
  readonly held: number;
}

interface OpenPositions {
  /** Positions that may have another half which is not stored here. */
  readonly ranges: readonly PositionRange[];
  readonly top: number;
  readonly held: number;
  /** Blocks up to the `top` of the mark. */
  readonly heldBefore: number;
}

/** Whether the other half of each block is stored, or none is to be expected. */
async function otherHalves(store: BlockStore, blocks: readonly HalfBlock[]): Promise<readonly boolean[]> {
  const linking = blocks.flatMap(({ core }) => core.link ?? []);
  const proposals = linking.length === 0 ? [] : await store.getMany(linking);
  const questions = blocks.flatMap(({ id, core: { key, peer, link } }) =>
    link === null && peer !== null && !equalBytes(peer, key) ? { link: id, author: peer } : [],
  );
  const answers = questions.length === 0 ? [] : await store.answersBy(questions, 1);
  let nextProposal = 0;
  let nextAnswers = 0;
  return blocks.map(({ core: { key, peer, link } }) => {
    if (link !== null) return proposals[nextProposal++] !== undefined;
    if (peer === null) return false;
    return equalBytes(peer, key) || answers[nextAnswers++]?.length !== 0;
  });
}

/**
 * Positions of an author's chain whose other half is wanted: proposals without an answer of their counterparty, answers
 * without their proposal, and source blocks, which anybody may answer at any time.
 */
async function openPositions(
  store: BlockStore,
  author: PublicKey,
  floor: number,
  mark: LinkMark | undefined,
  signal: AbortSignal | undefined,
): Promise<OpenPositions> {
  const ranges: [number, number][] = [];
  let top = 0;
  let held = 0;
  let heldBefore = 0;
  const scan = { author, from: floor, to: Number.MAX_SAFE_INTEGER, size: SCAN_PAGE };
  for await (const page of chainPages(store, scan, { signal })) {
    const isAnswered = await otherHalves(store, page);
    for (const [index, { core }] of page.entries()) {
      top = core.seq;
      held += 1;
      if (mark !== undefined && core.seq <= mark.top) heldBefore += 1;
      const last = ranges.at(-1);
      if (isAnswered[index] === true) continue;
      if (last !== undefined && core.seq <= last[1] + 1) last[1] = core.seq;
      else ranges.push([core.seq, core.seq]);
    }
  }
  return { ranges, top, held, heldBefore };
}

/** Syncs whole chains, and remembers how far the halves in other chains were fetched. */
export interface ChainSync {
  /**
   * Fetches what is missing of an author's chain, and with `links` the halves in other chains. Returns the number of
   * new blocks. Throws `ERR_CHAIN_INCOMPLETE` when the peer leaves holes, after all that it has was taken in, and as
   * {@link fetchRanges}.
   */
  sync(
    peer: PublicKey,
    author: PublicKey,
    options?: AbortOptions & { readonly links?: boolean },
  ): Promise<number>;
}

/** The {@link ChainSync} of a node. */
export function chainSync(context: SyncContext): ChainSync {
  const { store, floor, environment } = context;
  const marks = new Map<string, LinkMark>();

  const syncLinks = async (
    peer: PublicKey,
    author: PublicKey,
    options: AbortOptions & { readonly progress: SyncProgress },
  ): Promise<number> => {
    const key = bytesKey(peer) + bytesKey(author);
    const noted = marks.get(key);
    const open = await openPositions(store, author, floor(author), noted, options.signal);
    const mark = noted?.held === open.heldBefore ? noted : undefined;
    const border = mark?.top ?? 0;
    const old = clipRanges(open.ranges, 0, border);
    const fresh = clipRanges(open.ranges, border + 1, Number.MAX_SAFE_INTEGER);
    const asked = { author, part: 'links' } as const;
    const again = await fetchRanges(
      context,
      peer,
      { ...asked, ranges: old, since: mark?.since ?? 0 },
      options,
    );
    const first = await fetchRanges(context, peer, { ...asked, ranges: fresh }, options);
    marks.delete(key);
    if (!again.complete || !first.complete) return again.added + first.added;
    const since = again.seen || first.seen || (mark?.since ?? 0);
    marks.set(key, { since, top: open.top, held: open.held });
    if (marks.size > MAX_MARKS) forgetOldest(marks);
    return again.added + first.added;
  };

  /** Fetches the chain; tells what the peer left out. */
  const fetchChain = async (
    peer: PublicKey,
    author: PublicKey,
    options: AbortOptions & { readonly progress: SyncProgress },
  ): Promise<{ readonly added: number; readonly missing: readonly PositionRange[] }> => {
    const lowest = floor(author);
    const known = await chainExtent(store, author, { signal: options.signal, floor: lowest });
    let ranges: readonly PositionRange[] = [
      ...known.gaps,
      [Math.max(lowest, known.top + 1), Number.MAX_SAFE_INTEGER],
    ];
    let border = known.top;
    let added = 0;
    for (let round = 0; ; round++) {
      const wanted = { author, ranges, part: 'chain', someStored: round > 0 } as const;
      const fetched = await fetchRanges(context, peer, wanted, options);
      added += fetched.added;
      const { top, gaps } = await chainExtent(store, author, { signal: options.signal, floor: lowest });
      if (!fetched.complete) return { added, missing: [...gaps, [top + 1, Number.MAX_SAFE_INTEGER]] };
      border = Math.max(border, fetched.highest);
      ranges = clipRanges(gaps, border + 1, top);
      if (ranges.length === 0 || round === MAX_ROUNDS) return { added, missing: gaps };
      border = top;
    }
  };

  return {
    async sync(peer, author, { signal, links = false } = {}) {
      const progress = syncProgress(environment, { signal });
      const chain = await fetchChain(peer, author, { signal, progress });
      const added = chain.added + (links ? await syncLinks(peer, author, { signal, progress }) : 0);
      if (chain.missing.length === 0) return added;
      const [first] = chain.missing;
      throw new ChainError(
        'ERR_CHAIN_INCOMPLETE',
        `The peer left out part of the chain, from position ${first?.[0]} on: ask another peer, or the author`,
        {
          retryable: true,
          details: {
            missing: chain.missing.slice(0, MAX_LISTED_RANGES),
            ranges: chain.missing.length,
            added,
          },
        },
      );
    },
  };
}
