import type { BlockId, BlockStore, Crypto, PublicKey } from '@edmp/interface';
import { blockQueries } from './block-queries.ts';
import { digestOf, owned, rowReader } from './block-rows.ts';
import { insertBlocks, removeBlocks } from './block-writes.ts';
import { openDatabase } from './database.ts';
import type { IdbTransaction } from './idb.ts';
import { type IndexedDbOptions, resolveIndexedDb } from './options.ts';
import { added, result } from './requests.ts';
import { reservations } from './reservations.ts';
import {
  AUTHORS,
  type AuthorRow,
  BLOCK_SCHEMA,
  BLOCKS,
  BY_AUTHOR,
  BY_ID,
  PROOFS,
  type ProofRow,
} from './schema.ts';

/** Options of {@link indexedDbBlockStore}. */
export interface IndexedDbBlockStoreOptions extends IndexedDbOptions {
  /** Recomputes the id of every block that is read, against a damaged database. Default: stored ids are trusted. */
  readonly crypto?: Pick<Crypto, 'sha256'>;
}

/**
 * A block store in one IndexedDB database. Writes that wait for a running transaction share the next one; durable ones
 * are committed with `durability: 'strict'`. Several pages of one origin may use one database at once.
 * Throws `ERR_INVALID_ARGUMENT` (no IndexedDB here); its methods reject with `ERR_STORE_IO`, `ERR_STORE_SCHEMA`,
 * `ERR_STORE_CORRUPT` and `ERR_STORE_CLOSED`.
 */
export function indexedDbBlockStore(options: IndexedDbBlockStoreOptions): BlockStore {
  const indexedDb = resolveIndexedDb(options);
  const { keyRange } = indexedDb;
  const rows = rowReader(options.crypto);
  const database = openDatabase(indexedDb, BLOCK_SCHEMA);
  const find = (transaction: IdbTransaction, id: BlockId): Promise<unknown> =>
    result(transaction.objectStore(BLOCKS).index(BY_ID).get(digestOf(id)));
  const queries = (transaction: IdbTransaction) => blockQueries(transaction, keyRange);

  return {
    async put(blocks, putOptions = {}) {
      const wanted = [...blocks];
      return database.write((transaction) => insertBlocks(transaction, wanted), putOptions.durable ?? false);
    },
    get: (id) =>
      database.read(async (transaction) => {
        const row = await find(transaction, id);
        return row === undefined ? undefined : rows.block(row);
      }),
    getMany: async (ids) =>
      ids.length === 0
        ? []
        : database.read(async (transaction) => {
            const found = await Promise.all(ids.map((id) => find(transaction, id)));
            return found.map((row) => (row === undefined ? undefined : rows.block(row)));
          }),
    has: (id) =>
      database.read(async (transaction) => {
        const key = await result(transaction.objectStore(BLOCKS).index(BY_ID).getKey(digestOf(id)));
        return key !== undefined;
      }),
    at: (author, seq) =>
      database.read(async (transaction) => (await queries(transaction).at(author, seq)).map(rows.block)),
    range: (author, from, to, limit) =>
      database.read(async (transaction) =>
        (await queries(transaction).range(author, from, to, limit)).map(rows.block),
      ),
    head: (author) =>
      database.read(async (transaction) => {
        const { nearest, range } = queries(transaction);
        const seq = await nearest(author, 0, Number.POSITIVE_INFINITY, 'highest');
        const [row] = seq === undefined ? [] : await range(author, seq, seq, 1);
        return row === undefined ? undefined : rows.block(row);
      }),
    neighbours: (author, seq) =>
      database.read(async (transaction) => {
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
      database.read(async (transaction) =>
        (await queries(transaction).answers(digestOf(id), author, after, limit)).map(rows.arrived),
      ),
    answersBy: async (questions, limit) =>
      questions.length === 0
        ? []
        : database.read(async (transaction) => {
            const { answers } = queries(transaction);
            const found = await Promise.all(
              questions.map(({ link, author }) => answers(digestOf(link), author, 0, limit)),
            );
            return found.map((list) => list.map(rows.block));
          }),
    byType: (type, { author, after = 0, limit }) =>
      database.read(async (transaction) =>
        (await queries(transaction).byType(type, author, after, limit)).map(rows.arrived),
      ),
    since: (after, limit) =>
      database.read(async (transaction) =>
        (await queries(transaction).since(after, limit)).map(rows.arrived),
      ),
    newest: (limit) =>
      database.read(async (transaction) => (await queries(transaction).newest(limit)).map(rows.arrived)),
    authors: () =>
      database.read(async (transaction) => {
        const found = (await result(transaction.objectStore(AUTHORS).getAll())) as readonly AuthorRow[];
        return found.filter(({ blocks }) => blocks > 0).map(({ key }) => key as PublicKey);
      }),
    count: (author) =>
      database.read(async (transaction) => {
        const authors = transaction.objectStore(AUTHORS);
        if (author !== undefined) {
          return ((await result(authors.get(author))) as AuthorRow | undefined)?.blocks ?? 0;
        }
        const all = (await result(authors.getAll())) as readonly AuthorRow[];
        return all.reduce((sum, { blocks }) => sum + blocks, 0);
      }),
    async putProof(author, id, proof) {
      const row: ProofRow = { author: owned(author), id: owned(id.bytes), proof: proof.slice() };
      return database.write((transaction) => added(transaction.objectStore(PROOFS).add(row)), true);
    },
    proofs: (author) =>
      database.read(async (transaction) => {
        const found = await result(transaction.objectStore(PROOFS).index(BY_AUTHOR).getAll(author));
        return found.map((row) => (row as ProofRow).proof);
      }),
    reserve: (author, ...asked) =>
      database.write((transaction) => reservations(transaction, keyRange).reserve(author, asked), true),
    reservation: (author) =>
      database.read((transaction) => reservations(transaction, keyRange).latest(author)),
    unfinished: (author) =>
      database.read((transaction) => reservations(transaction, keyRange).unfinished(author)),
    async remove(ids) {
      const wanted = [...ids];
      return database.write((transaction) => removeBlocks(transaction, wanted), false);
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    close: () => database.close(),
  };
}
