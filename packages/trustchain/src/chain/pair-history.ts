import {
  type AgreeOptions,
  type BlockId,
  type BlockStore,
  type HalfBlock,
  isEdmpError,
} from '@edmp/interface';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { readsOf } from '../store/at-once.ts';
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
 * Brings in the proposer's history as far as an agreement asks for it. What else speaks against the agreement comes
 * first: nobody is asked for the history of one that is refused anyway. Returns the proposal when it alone was not
 * checked yet. Throws `ERR_PAIR_*`, `ERR_CHAIN_FRAUD`, `ERR_ABORTED`.
 */
export function expectHistory(
  context: PairHistoryContext,
  id: BlockId,
  request: AppendRequest,
  options: AgreeOptions,
): MaybePromise<HalfBlock | undefined> {
  const { history = 'complete' } = options;
  if (history === 'none') return undefined;
  return andThen(readsOf(context.store).get(expectBlockId(id)), (proposal) => {
    // Signing refuses what is not stored.
    if (proposal === undefined) return undefined;
    if (context.histories.isCheckedBefore(proposal, history)) return proposal;
    return bringHistory(context, proposal, request, { ...options, history });
  });
}

async function bringHistory(
  { frauds, histories, now }: PairHistoryContext,
  proposal: HalfBlock,
  request: AppendRequest,
  { history, signal }: AgreeOptions & { readonly history: 'complete' | number },
): Promise<undefined> {
  const author = proposal.core.key;
  const options = { upTo: proposal.id, want: history, ...(signal === undefined ? {} : { signal }) };
  const wouldSign = async (): Promise<unknown> => request.build(now());
  try {
    await histories.bring(author, options, wouldSign);
    return undefined;
  } catch (error) {
    if (!isEdmpError(error, 'ERR_CHAIN_HISTORY')) throw error;
    // A proven cheat, and a proposal that is invalid itself, have names of their own.
    if (await frauds.has(author)) return undefined;
    await wouldSign();
    throw new PairError('ERR_PAIR_HISTORY', `The proposer's history does not hold: ${error.message}`, {
      details: error.details,
      retryable: error.retryable,
      cause: error,
    });
  }
}
