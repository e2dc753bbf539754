import type { BlockId, BlockSnapshot, PublicKey } from '@edmp/interface';
import { blockQueries, countOf } from './block-queries.ts';
import { digestOf, type RowReader } from './block-rows.ts';
import type { Work } from './database.ts';
import type { IdbKeyRangeFactory, IdbTransaction } from './idb.ts';
import { result } from './requests.ts';
import { AUTHORS, type AuthorRow, BLOCKS, BY_AUTHOR, BY_ID, PROOFS, type ProofRow } from './schema.ts';

/**
 * Everything that is only read.
 *
 * @param run - Runs work in a transaction: one for each question, or one for all of them.
 */
export function blockReads(
  run: <T>(work: Work<T>) => Promise<T>,
  rows: RowReader,
  keyRange: IdbKeyRangeFactory,
): BlockSnapshot {
  const find = (transaction: IdbTransaction, id: BlockId): Promise<unknown> =>
    result(transaction.objectStore(BLOCKS).index(BY_ID).get(digestOf(id)));
  const queries = (transaction: IdbTransaction) => blockQueries(transaction, keyRange);

  return {
    get: (id) =>
      run(async (transaction) => {
        const row = await find(transaction, id);
        return row === undefined ? undefined : rows.block(row);
      }),
    getMany: async (ids) =>
      ids.length === 0
        ? []
        : run(async (transaction) => {
            const found = await Promise.all(ids.map((id) => find(transaction, id)));
            return found.map((row) => (row === undefined ? undefined : rows.block(row)));
          }),
    has: (id) =>
      run(async (transaction) => {
        const key = await result(transaction.objectStore(BLOCKS).index(BY_ID).getKey(digestOf(id)));
        return key !== undefined;
      }),
    at: (author, seq) =>
      run(async (transaction) => (await queries(transaction).at(author, seq)).map(rows.block)),
    range: (author, from, to, limit) =>
      run(async (transaction) => (await queries(transaction).range(author, from, to, limit)).map(rows.block)),
    head: (author) =>
      run(async (transaction) => {
        const { nearest, range } = queries(transaction);
        const seq = await nearest(author, 0, Number.POSITIVE_INFINITY, 'highest');
        const [row] = seq === undefined ? [] : await range(author, seq, seq, 1);
        return row === undefined ? undefined : rows.block(row);
      }),
    neighbours: (author, seq) =>
      run(async (transaction) => {
        const { at, nearest } = queries(transaction);
        const around = async (from: number, to: number, side: 'lowest' | 'highest') => {
          const found = await nearest(author, from, to, side);
          return found === undefined ? [] : (await at(author, found)).map(rows.block);
        };
        const [previous, next] = await Promise.all([
          around(0, seq, 'highest'),
          around(seq, Number.POSITIVE_INFINITY, 'lowest'),
        ]);
        return { previous, next };
      }),
    answers: (id, { author, after = 0, limit }) =>
      run(async (transaction) =>
        (await queries(transaction).answers(digestOf(id), author, after, limit)).map(rows.arrived),
      ),
    answersBy: async (questions, limit) =>
      questions.length === 0
        ? []
        : run(async (transaction) => {
            const { answers } = queries(transaction);
            const found = await Promise.all(
              questions.map(({ link, author }) => answers(digestOf(link), author, 0, limit)),
            );
            return found.map((list) => list.map(rows.block));
          }),
    byType: (type, { author, after = 0, limit }) =>
      run(async (transaction) =>
        (await queries(transaction).byType(type, author, after, limit)).map(rows.arrived),
      ),
    since: (after, limit) =>
      run(async (transaction) => (await queries(transaction).since(after, limit)).map(rows.arrived)),
    newest: (limit) =>
      run(async (transaction) => (await queries(transaction).newest(limit)).map(rows.arrived)),
    authors: ({ after, limit }) =>
      run(async (transaction) => {
        // Authors without blocks have no row.
        const rest = after === undefined ? null : keyRange.lowerBound(after, true);
        const count = countOf(limit);
        if (count === undefined) return [];
        const found = (await result(
          transaction.objectStore(AUTHORS).getAll(rest, count),
        )) as readonly AuthorRow[];
        return found.map(({ key }) => key as PublicKey);
      }),
    count: (author) =>
      run(async (transaction) => {
        const authors = transaction.objectStore(AUTHORS);
        if (author !== undefined) {
          return ((await result(authors.get(author))) as AuthorRow | undefined)?.blocks ?? 0;
        }
        const all = (await result(authors.getAll())) as readonly AuthorRow[];
        return all.reduce((sum, { blocks }) => sum + blocks, 0);
      }),
    proofs: (author) =>
      run(async (transaction) => {
        const found = await result(transaction.objectStore(PROOFS).index(BY_AUTHOR).getAll(author));
        return found.map((row) => (row as ProofRow).proof);
      }),
  };
}
