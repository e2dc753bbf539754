import { type BlockStore, equalBytes, type HalfBlock, type PublicKey } from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';
import { chainPages } from '../../store/pages.ts';

/** Newest of this node's blocks that are looked through. */
const MAX_SCANNED = 65_536;
/** Blocks read at once. */
const PAGE = 1_000;
/** Newest answers to one peer that are offered again; nothing stored says whether they arrived. */
const MAX_ANSWERS = 1_024;

/** Positions of this node's blocks that one peer may not have been given. */
export interface Undelivered {
  readonly peer: PublicKey;
  /** Ascending. */
  readonly positions: readonly number[];
}

interface Found {
  readonly peer: PublicKey;
  readonly proposals: number[];
  readonly answers: number[];
}

/**
 * This node's blocks addressed to others that a store does not show to have arrived: proposals that the counterparty has not
 * answered, at most `limit` for each peer, and the newest answers. Reads at most the newest 65 536 of them.
 */
export async function undelivered(
  store: BlockStore,
  self: PublicKey,
  limit: number,
): Promise<readonly Undelivered[]> {
  const found = new Map<string, Found>();
  const listsOf = (peer: PublicKey): Found => {
    const key = bytesKey(peer);
    const lists = found.get(key) ?? { peer, proposals: [], answers: [] };
    found.set(key, lists);
    return lists;
  };
  const note = (list: number[], seq: number, most: number): void => {
    list.push(seq);
    if (list.length > most * 2) list.splice(0, list.length - most);
  };

  const top = (await store.head(self))?.core.seq ?? 0;
  const range = { author: self, from: Math.max(1, top - MAX_SCANNED + 1), to: top, size: PAGE };
  for await (const page of chainPages(store, range)) {
    const directed = page.flatMap((block: HalfBlock) => {
      const { peer } = block.core;
      return peer === null || equalBytes(peer, self) ? [] : [{ block, peer }];
    });
    const proposals = directed.filter(({ block }) => block.core.link === null);
    const answers = await store.answersBy(
      proposals.map(({ block, peer }) => ({ link: block.id, author: peer })),
      1,
    );
    const answered = new Set(proposals.filter((_, index) => answers[index]?.length !== 0));
    for (const one of directed) {
      const { proposals: open, answers: given } = listsOf(one.peer);
      if (one.block.core.link !== null) note(given, one.block.core.seq, MAX_ANSWERS);
      else if (!answered.has(one)) note(open, one.block.core.seq, limit);
    }
  }
  return [...found.values()].map(({ peer, proposals, answers }) => ({
    peer,
    positions: [...proposals.slice(-limit), ...answers.slice(-MAX_ANSWERS)].sort((a, b) => a - b),
  }));
}
