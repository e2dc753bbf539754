import {
  type AbortOptions,
  type BlockStore,
  type Environment,
  equalBytes,
  isEdmpError,
  type PublicKey,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import { chainExtent, clipRanges, type PositionRange, positionsIn } from '../inspect/gaps.ts';
import { historyError } from './errors.ts';
import type { TrustchainLimits } from './options.ts';

/** Peers asked for one history: the author, and two others for what it leaves out or while it is not connected. */
const MAX_SOURCES = 3;

/** Where a history is fetched from. */
export interface HistorySource {
  /** Connected peers that may have an author's chain, the author first. */
  peersFor(author: PublicKey): readonly PublicKey[];
  /** Asks others, never the author, for its blocks of some types. */
  consult(
    question: { readonly author: PublicKey; readonly types: readonly string[] },
    options: AbortOptions,
  ): Promise<unknown>;
  /** Fetches ranges of an author's chain from a peer and stores them; throws `too-large` beyond `maxBytes`. */
  fetch(
    peer: PublicKey,
    author: PublicKey,
    ranges: readonly PositionRange[],
    options: AbortOptions & { readonly maxBytes: number },
  ): Promise<void>;
}

/** What {@link fetchMissing} works with. */
export interface HistoryFetchContext {
  readonly store: BlockStore;
  readonly environment: Environment;
  readonly limits: Pick<
    Required<TrustchainLimits>,
    'historyTimeoutMs' | 'maxHistoryBlocks' | 'maxHistoryBytes'
  >;
  /** Undefined without a network. */
  readonly source: () => HistorySource | undefined;
  /** Told of positions that the author itself was asked for and left out. */
  readonly onGap: (author: PublicKey, ranges: readonly PositionRange[]) => void;
}

/** Part of a chain, both ends inclusive. */
export interface WantedStretch {
  readonly author: PublicKey;
  readonly from: number;
  readonly to: number;
}

async function missingOf(
  store: BlockStore,
  { author, from, to }: WantedStretch,
  signal: AbortSignal | undefined,
): Promise<readonly PositionRange[]> {
  const { top, gaps } = await chainExtent(store, author, { signal, floor: from });
  return clipRanges([...gaps, [Math.max(from, top + 1), Number.MAX_SAFE_INTEGER]], from, to);
}

/**
 * Fetches what is missing of a stretch, from one peer after another, each for a bounded time. Throws
 * `ERR_CHAIN_HISTORY` (`too-large`, `unreachable`, `gap`), `ERR_ABORTED`.
 */
export async function fetchMissing(
  context: HistoryFetchContext,
  wanted: WantedStretch,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { store, environment, limits } = context;
  const { author } = wanted;
  let missing = await missingOf(store, wanted, signal);
  const count = positionsIn(missing);
  if (count > limits.maxHistoryBlocks) {
    throw historyError(
      'too-large',
      missing,
      `${count} blocks are missing, at most ${limits.maxHistoryBlocks} are fetched at once`,
    );
  }
  const source = context.source();
  const peers = source?.peersFor(author).slice(0, MAX_SOURCES) ?? [];
  for (const peer of peers) {
    if (missing.length === 0) return;
    const asked = missing;
    try {
      await withDeadline(
        environment,
        limits.historyTimeoutMs,
        'Fetching the history of an author',
        async (inner) =>
          source?.fetch(peer, author, asked, { signal: inner, maxBytes: limits.maxHistoryBytes }),
        { signal },
      );
    } catch (error) {
      throwIfAborted(signal);
      if (isEdmpError(error, 'ERR_CHAIN_HISTORY')) throw error;
      // Whatever failed: what counts is whether the history is there.
    }
    missing = await missingOf(store, wanted, signal);
    if (missing.length > 0 && equalBytes(peer, author)) context.onGap(author, missing);
  }
  if (missing.length === 0) return;
  if (peers.length === 0) {
    throw historyError('unreachable', missing, 'Blocks are missing, and nobody is connected to be asked');
  }
  throw historyError('gap', missing, 'Blocks are missing, and those who were asked left them out');
}
