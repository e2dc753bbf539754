import { type Environment, equalBytes, type HalfBlock, type PublicKey, withDeadline } from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';
import type { TrustchainLimits } from '../../chain/options.ts';
import { chainExtent, clipRanges, type PositionRange } from '../../inspect/gaps.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { quota } from '../quota.ts';
import { fetchRanges, type SyncContext } from './sync.ts';
import { MAX_RANGES } from './sync-messages.ts';

/** Authors whose gaps one pushed frame has fetched; the proposals of others are judged without. */
const MAX_AUTHORS = 8;
/** Pairs of a peer and an author that a cooldown is remembered for. */
const MAX_COOLDOWNS = 4_096;
/** Gaps that one peer may leave open before none of its proposals causes a request for a while. */
const LEFT_OPEN = { burst: 16, perSecond: 0.1 };

/** What {@link fetchBefore} works with. */
export interface FetchBeforeContext {
  readonly syncing: SyncContext;
  readonly environment: Environment;
  readonly limits: Required<TrustchainLimits>;
  /** Fires when the node stops. */
  readonly stopping: AbortSignal;
  /** Told of positions that the author itself was asked for and left out. */
  readonly onGap: (author: PublicKey, ranges: readonly PositionRange[]) => void;
}

/** The highest proposal of each author. */
function highestByAuthor(proposals: readonly HalfBlock[]): readonly HalfBlock[] {
  const highest = new Map<string, HalfBlock>();
  for (const block of proposals) {
    const author = bytesKey(block.core.key);
    const known = highest.get(author);
    if (known === undefined || known.core.seq < block.core.seq) highest.set(author, block);
  }
  return [...highest.values()];
}

/**
 * Closes the gaps before the proposals of one frame: one request for each of at most 8 authors, all of them within
 * `askTimeoutMs`. A peer that leaves an author's gap open is not asked for that author again for a while, and a peer
 * that leaves many open not at all. Never throws: a proposal is judged without what is missing, and its level says so.
 */
export function fetchBefore(
  context: FetchBeforeContext,
): (peer: PublicKey, proposals: readonly HalfBlock[]) => Promise<void> {
  const { syncing, environment, limits, stopping } = context;
  const { store, floor } = syncing;
  const cooldowns = new Map<string, number>();
  const fetching = new Map<string, Promise<void>>();
  const leftOpen = quota(environment, LEFT_OPEN);

  /** Holes below a proposal. */
  const holesBelow = async ({ core }: HalfBlock, signal?: AbortSignal): Promise<readonly PositionRange[]> => {
    const { key, seq } = core;
    const lowest = floor(key);
    const { top, gaps } = await chainExtent(store, key, { signal, floor: lowest });
    return clipRanges([...gaps, [Math.max(lowest, top + 1), seq - 1]], lowest, seq - 1);
  };

  /** The nearest holes within the budget; many are asked for as one range, with what is stored between them. */
  const wantedOf = (holes: readonly PositionRange[]): readonly PositionRange[] => {
    const wanted: PositionRange[] = [];
    let budget = limits.maxFetchedBefore;
    for (const [lowest, to] of [...holes].reverse()) {
      if (budget <= 0) break;
      const from = Math.max(lowest, to - budget + 1);
      budget -= to - from + 1;
      wanted.unshift([from, to]);
    }
    const [lowest] = wanted;
    const highest = wanted.at(-1);
    if (wanted.length <= MAX_RANGES || lowest === undefined || highest === undefined) return wanted;
    return [[lowest[0], highest[1]]];
  };

  const fetchOne = async (peer: PublicKey, block: HalfBlock, signal: AbortSignal): Promise<void> => {
    const { key: author } = block.core;
    const asked = bytesKey(peer) + bytesKey(author);
    if ((cooldowns.get(asked) ?? 0) > environment.now() || !leftOpen.take(peer, 0)) return;
    const running = fetching.get(asked);
    if (running !== undefined) return running;
    const work = (async () => {
      const ranges = wantedOf(await holesBelow(block, signal));
      if (ranges.length === 0) return;
      try {
        const wanted = { author, ranges, part: 'chain', someStored: true } as const;
        await fetchRanges(syncing, peer, wanted, { signal });
      } catch {
        // Whatever failed: what counts is whether the gap is closed.
      }
      const open = await holesBelow(block);
      if (open.length === 0) return;
      const leftOut = ranges.flatMap(([from, to]) => clipRanges(open, from, to));
      if (leftOut.length > 0 && equalBytes(peer, author)) context.onGap(author, leftOut);
      leftOpen.charge(peer, 1);
      cooldowns.delete(asked);
      cooldowns.set(asked, environment.now() + limits.fetchCooldownMs);
      if (cooldowns.size > MAX_COOLDOWNS) forgetOldest(cooldowns);
    })();
    fetching.set(asked, work);
    try {
      await work;
    } finally {
      fetching.delete(asked);
    }
  };

  return async (peer, proposals) => {
    const blocks: HalfBlock[] = [];
    for (const block of highestByAuthor(proposals).slice(0, MAX_AUTHORS)) {
      if ((await holesBelow(block)).length > 0) blocks.push(block);
    }
    if (blocks.length === 0) return;
    try {
      await withDeadline(
        environment,
        limits.askTimeoutMs,
        'Fetching the blocks before proposals',
        (signal) => Promise.all(blocks.map((block) => fetchOne(peer, block, signal))),
        { signal: stopping },
      );
    } catch {
      // The proposals are judged without: their level says what is missing.
    }
  };
}
