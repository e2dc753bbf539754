import type { BlockStore, Crypto } from '@edmp/interface';
import { blockReads } from './block-reads.ts';
import { owned, rowReader } from './block-rows.ts';
import { insertBlocks, removeBlocks } from './block-writes.ts';
import { openDatabase, type Work } from './database.ts';
import { storeFailure } from './errors.ts';
import { leasesOf } from './leases.ts';
import { type IndexedDbOptions, resolveIndexedDb } from './options.ts';
import { others } from './others.ts';
import { added } from './requests.ts';
import { reservations } from './reservations.ts';
import { BLOCK_SCHEMA, PROOFS, type ProofRow } from './schema.ts';

/** Options of {@link indexedDbBlockStore}. */
export interface IndexedDbBlockStoreOptions extends IndexedDbOptions {
  /** Recomputes the id of every block that is read, against a damaged database. Default: stored ids are trusted. */
  readonly crypto?: Pick<Crypto, 'sha256'>;
}

const failed = (error: unknown): never => {
  throw storeFailure(error);
};

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
  const foreign = others(indexedDb.name);
  /** Others hear of a write once it is committed. */
  const write = async <T>(work: Work<T>, durable: boolean): Promise<T> => {
    const value = await database.write(work, durable);
    foreign.tell();
    return value;
  };

  return {
    async put(blocks, putOptions = {}) {
      const wanted = [...blocks];
      return write((transaction) => insertBlocks(transaction, wanted), putOptions.durable ?? false);
    },
    ...blockReads((work) => database.read(work), rows, keyRange),
    async putProof(author, id, proof) {
      const row: ProofRow = { author: owned(author), id: owned(id.bytes), proof: proof.slice() };
      return write((transaction) => added(transaction.objectStore(PROOFS).add(row)), true);
    },
    reserve: (author, ...asked) =>
      write(async (transaction) => {
        const leases = leasesOf(transaction);
        for (const { fence } of asked) await leases.expect(author, fence);
        await reservations(transaction, keyRange).reserve(author, asked);
      }, true),
    reservation: (author) =>
      database.read((transaction) => reservations(transaction, keyRange).latest(author)),
    unfinished: (author) =>
      database.read((transaction) => reservations(transaction, keyRange).unfinished(author)),
    async remove(ids) {
      const wanted = [...ids];
      return write((transaction) => removeBlocks(transaction, wanted), false);
    },
    async snapshot(read) {
      const outcome = await database.read(async (transaction) => {
        const stored = blockReads((work) => work(transaction).catch(failed), rows, keyRange);
        // What the reader throws is its own affair, and no failure of the database.
        return read(stored).then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
      });
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    },
    changed: (listener) => foreign.listen(listener),
    lease: (author, request) => write((transaction) => leasesOf(transaction).take(author, request), true),
    endLease: (lease) => write((transaction) => leasesOf(transaction).end(lease), true),
    [Symbol.asyncDispose]() {
      return this.close();
    },
    async close() {
      await database.close();
      foreign.close();
    },
  };
}
