import type { BlockStore, HalfBlock, PublicKey } from '@edmp/interface';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { type BlockReads, readsOf } from '../store/at-once.ts';

/** Answers read at once. */
const PAGE = 256;

/** All answers to a block in pages, in order of arrival: of one author, or of everybody. */
export async function* answerPages(
  store: BlockStore,
  block: HalfBlock,
  author?: PublicKey,
): AsyncGenerator<readonly HalfBlock[]> {
  let after = 0;
  for (;;) {
    const found = await store.answers(block.id, {
      after,
      limit: PAGE,
      ...(author === undefined ? {} : { author }),
    });
    if (found.length > 0) yield found.map((arrived) => arrived.block);
    if (found.length < PAGE) return;
    after = found.at(-1)?.arrival ?? after;
  }
}

/** All answers to a block in order of arrival, of one author or of everybody: at once where reads answer at once. */
export function answersBy(
  reads: Pick<BlockReads, 'answers'>,
  block: HalfBlock,
  author: PublicKey | undefined,
): MaybePromise<readonly HalfBlock[]> {
  const answers: HalfBlock[] = [];
  const from = (after: number): MaybePromise<readonly HalfBlock[]> => {
    const options = { after, limit: PAGE, ...(author === undefined ? {} : { author }) };
    return andThen(reads.answers(block.id, options), (found) => {
      for (const arrived of found) answers.push(arrived.block);
      return found.length < PAGE ? answers : from(found.at(-1)?.arrival ?? after);
    });
  };
  return from(0);
}

/**
 * The answers that can decide a pair: those of the counterparty and of the proposer, or everybody's to a block that
 * anyone may answer. What strangers attach to a proposal is not read.
 */
export async function answersOf(store: BlockStore, proposal: HalfBlock): Promise<readonly HalfBlock[]> {
  const { key, peer } = proposal.core;
  const reads = readsOf(store);
  if (peer === null) return answersBy(reads, proposal, undefined);
  return [...(await answersBy(reads, proposal, peer)), ...(await answersBy(reads, proposal, key))];
}
