import type { BlockStore, HalfBlock, PublicKey } from '@edmp/interface';

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

/**
 * The answers that can decide a pair: those of the counterparty and of the proposer, or everybody's to a block that
 * anyone may answer. What strangers attach to a proposal is not read.
 */
export async function answersOf(store: BlockStore, proposal: HalfBlock): Promise<readonly HalfBlock[]> {
  const { key, peer } = proposal.core;
  const answers: HalfBlock[] = [];
  for (const author of peer === null ? [undefined] : [peer, key]) {
    for await (const page of answerPages(store, proposal, author)) answers.push(...page);
  }
  return answers;
}
