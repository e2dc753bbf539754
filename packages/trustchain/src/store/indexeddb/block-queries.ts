import type { PublicKey } from '@edmp/interface';
import type { IdbCursor, IdbKeyRangeFactory, IdbTransaction } from './idb.ts';
import { result } from './requests.ts';
import { BLOCKS, BY_ANSWER, BY_AUTHOR_ANSWER, BY_AUTHOR_TYPE, BY_PLACE, BY_TYPE } from './schema.ts';

/** Above every number, text and byte string in a compound key: lists order last (Indexed Database 3.0 §2.4). */
const LAST: readonly never[] = [];
/** Largest count that `getAll` takes. */
const MAX_COUNT = 0xffff_ffff;

/** Look-ups over the blocks of one transaction; they give rows. */
export interface BlockQueries {
  at(author: PublicKey, seq: number): Promise<readonly unknown[]>;
  range(author: PublicKey, from: number, to: number, limit: number): Promise<readonly unknown[]>;
  /** Nearest stored position strictly between `from` and `to`, from below or from above. */
  nearest(
    author: PublicKey,
    from: number,
    to: number,
    side: 'lowest' | 'highest',
  ): Promise<number | undefined>;
  answers(
    link: Uint8Array,
    author: PublicKey | undefined,
    after: number,
    limit: number,
  ): Promise<readonly unknown[]>;
  byType(
    type: string,
    author: PublicKey | undefined,
    after: number,
    limit: number,
  ): Promise<readonly unknown[]>;
  since(after: number, limit: number): Promise<readonly unknown[]>;
  newest(limit: number): Promise<readonly unknown[]>;
}

/** A limit as `getAll` takes it (its 0 would mean no limit); undefined when nothing may come. */
export const countOf = (limit: number): number | undefined =>
  limit >= 1 ? Math.min(Math.floor(limit), MAX_COUNT) : undefined;

/** {@link BlockQueries} of a transaction. */
export function blockQueries(transaction: IdbTransaction, keyRange: IdbKeyRangeFactory): BlockQueries {
  const blocks = transaction.objectStore(BLOCKS);
  const places = blocks.index(BY_PLACE);
  return {
    at: (author, seq) => result(places.getAll(keyRange.bound([author, seq], [author, seq, LAST]))),
    async range(author, from, to, limit) {
      const count = countOf(limit);
      if (count === undefined || !(from <= to)) return [];
      return result(places.getAll(keyRange.bound([author, from], [author, to, LAST]), count));
    },
    async nearest(author, from, to, side) {
      if (!(from < to)) return undefined;
      // Every key at `from` lies below [author, from, []], and every key at `to` above [author, to].
      const between = keyRange.bound([author, from, LAST], [author, to]);
      const cursor: IdbCursor | null = await result(
        places.openKeyCursor(between, side === 'lowest' ? 'next' : 'prev'),
      );
      return cursor === null ? undefined : (cursor.key as readonly [unknown, number])[1];
    },
    async answers(link, author, after, limit) {
      const count = countOf(limit);
      if (count === undefined) return [];
      const key = author === undefined ? [link] : [link, author];
      const range = keyRange.bound([...key, after], [...key, LAST], true);
      return result(blocks.index(author === undefined ? BY_ANSWER : BY_AUTHOR_ANSWER).getAll(range, count));
    },
    async byType(type, author, after, limit) {
      const count = countOf(limit);
      if (count === undefined) return [];
      const key = author === undefined ? [type] : [author, type];
      const range = keyRange.bound([...key, after], [...key, LAST], true);
      return result(blocks.index(author === undefined ? BY_TYPE : BY_AUTHOR_TYPE).getAll(range, count));
    },
    async since(after, limit) {
      const count = countOf(limit);
      if (count === undefined) return [];
      return result(blocks.getAll(keyRange.lowerBound(after, true), count));
    },
    async newest(limit) {
      const count = countOf(limit);
      if (count === undefined) return [];
      const opened = blocks.openKeyCursor(null, 'prev');
      let cursor = await result(opened);
      if (cursor !== null && count > 1) {
        cursor.advance(count - 1);
        cursor = await result(opened);
      }
      // Past the end there are fewer than asked for: all of them.
      return result(blocks.getAll(keyRange.lowerBound(cursor === null ? 0 : cursor.key)));
    },
  };
}
