import { type AgreeOptions, type BlockId, type BlockStore, isEdmpError } from '@edmp/interface';
import { expectBlockId } from './arguments.ts';
import { PairError } from './errors.ts';
import type { FraudRegister } from './fraud-register.ts';
import type { Histories } from './history.ts';
import type { AppendRequest } from './writer.ts';

/** What {@link expectHistory} works with. */
export interface PairHistoryContext {
  readonly store: BlockStore;
  readonly frauds: FraudRegister;
  readonly histories: Histories;
  /** Local clock, ms since the epoch. */
  readonly now: () => number;
}

/**
 * Brings in the proposer's history as far as an agreement asks for it. What else speaks against the agreement is told
 * first, so that nothing is fetched for one that is refused anyway. Throws `ERR_PAIR_*`, `ERR_CHAIN_FRAUD`,
 * `ERR_ABORTED`.
 */
export async function expectHistory(
  context: PairHistoryContext,
  id: BlockId,
  request: AppendRequest,
  { history = 'complete', signal }: AgreeOptions,
): Promise<void> {
  if (history === 'none') return;
  const { store, frauds, histories, now } = context;
  const proposal = await store.get(expectBlockId(id));
  if (proposal === undefined || !histories.isCheckedBefore(proposal, history)) await request.build(now());
  if (proposal === undefined) return;
  const author = proposal.core.key;
  const options = { upTo: id, want: history, ...(signal === undefined ? {} : { signal }) };
  try {
    await histories.bring(author, options);
  } catch (error) {
    if (!isEdmpError(error, 'ERR_CHAIN_HISTORY')) throw error;
    // A proven cheat, and a proposal that turned out invalid, have names of their own: signing is refused with them.
    if (await frauds.has(author)) return;
    throw new PairError('ERR_PAIR_HISTORY', `The proposer's history does not hold: ${error.message}`, {
      details: error.details,
      retryable: error.retryable,
      cause: error,
    });
  }
}
