import { type Environment, type HalfBlock, type PublicKey, withDeadline } from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import type { TrustchainLimits } from '../chain/options.ts';
import { missingRanges, type SyncContext, syncRange } from './sync.ts';

/** Pairs of a peer and an author that a cooldown is remembered for. */
const MAX_COOLDOWNS = 4_096;

/** What {@link fetchBefore} works with. */
export interface FetchBeforeContext {
  readonly syncing: SyncContext;
  readonly environment: Environment;
  readonly limits: Required<TrustchainLimits>;
  /** Fires when the node stops. */
  readonly stopping: AbortSignal;
}

/**
 * Closes the gap before a proposal, asking once; a peer that leaves it open is not asked again for a while. Never
 * throws: a proposal is judged without what is missing, and its level says so.
 */
export function fetchBefore(
  context: FetchBeforeContext,
): (peer: PublicKey, block: HalfBlock) => Promise<void> {
  const { syncing, environment, limits, stopping } = context;
  const { store, floor } = syncing;
  const cooldowns = new Map<string, number>();
  const fetching = new Map<string, Promise<void>>();

  /** Fetches the holes below a proposal, the nearest first, within the budget. */
  const closeGaps = async (peer: PublicKey, block: HalfBlock, signal: AbortSignal): Promise<void> => {
    const { key: author, seq } = block.core;
    const ranges = (await missingRanges(store, author, floor(author), signal)).filter(([from]) => from < seq);
    let budget = limits.maxFetchedBefore;
    for (const [lowest, highest] of ranges.reverse()) {
      if (budget <= 0) return;
      const to = Math.min(highest, seq - 1);
      const from = Math.max(lowest, to - budget + 1);
      budget -= to - from + 1;
      await syncRange(syncing, peer, { author, from, to, part: 'chain' }, { signal });
    }
  };

  return async (peer, block) => {
    const { key, seq } = block.core;
    const isWhole = async (): Promise<boolean> => (await store.count(key)) >= seq - floor(key);
    if (await isWhole()) return;
    const asked = bytesKey(peer) + bytesKey(key);
    if ((cooldowns.get(asked) ?? 0) > environment.now()) return;
    const running = fetching.get(asked);
    if (running !== undefined) return running;
    const work = (async () => {
      try {
        await withDeadline(
          environment,
          limits.askTimeoutMs,
          'Fetching the blocks before a proposal',
          (signal) => closeGaps(peer, block, signal),
          { signal: stopping },
        );
      } catch {
        // The proposal is judged without them: its level says what is missing.
      }
      if (await isWhole()) return;
      if (cooldowns.size >= MAX_COOLDOWNS) cooldowns.clear();
      cooldowns.set(asked, environment.now() + limits.fetchCooldownMs);
    })();
    fetching.set(asked, work);
    try {
      await work;
    } finally {
      fetching.delete(asked);
    }
  };
}
