import {
  type BlockSnapshot,
  type BlockStore,
  type Crypto,
  type Environment,
  InvalidArgumentError,
  type PublicKey,
  systemEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { answersAtOnce, type ImmediateReads, promised } from '../at-once.ts';
import { StoreError } from '../errors.ts';
import { type BlockTable, blockTable } from './block-table.ts';
import { type Database, migrate, openDatabase } from './database.ts';
import { fileSize, rebuildOnce } from './file-size.ts';
import { groupCommit } from './group-commit.ts';
import { leaseTable } from './lease-table.ts';
import { others } from './others.ts';
import { reservationTable } from './reservation-table.ts';
import type { DamagedRow } from './row-decoder.ts';
import { BLOCK_SCHEMA } from './schema.ts';
import { snapshots } from './snapshots.ts';

/** Options of {@link sqliteBlockStore}. */
export interface SqliteBlockStoreOptions {
  /** File to open or make; `:memory:` for none. Several processes may open it; one at a time writes. */
  readonly path: string;
  /** Longest wait for another process that holds the file, ms; the thread waits. Default 5 000. */
  readonly busyTimeoutMs?: number;
  /** Hash provider for block ids. Default: `node:crypto`. */
  readonly crypto?: Pick<Crypto, 'sha256'>;
  /**
   * Clock that looks for what other processes write, while somebody listens, and whose next timer writes what one of its
   * moments wants: a simulation cannot see turns of the event loop. Default: the system's, and turns of the event loop.
   */
  readonly environment?: Pick<Environment, 'schedule'>;
  /**
   * Writes a file of an older version again while it is opened, once, so that it can give disk space back (see
   * `BlockStore.shrink`); takes about a second for 100 MB. Newer files can anyway. Default `false`.
   */
  readonly shrinkable?: boolean;
  /**
   * Hears of rows that hold no half block, each once, which are stepped over as if they were not there: a position of a
   * chain is missing then, its author's own one keeps it from signing, and the block takes its place again when a peer
   * sends it. It must not throw. Default: whoever reads such a row gets `ERR_STORE_CORRUPT`.
   */
  readonly onDamaged?: (row: DamagedRow) => void;
}

/** Everything that is only read, over one connection. */
function readsFrom(
  blocks: BlockTable,
  proofsOf: (author: PublicKey) => readonly Uint8Array[],
): BlockSnapshot {
  return {
    get: async (id) => blocks.get(id),
    getMany: async (ids) => blocks.getMany(ids),
    has: async (id) => blocks.get(id) !== undefined,
    at: async (author, seq) => blocks.at(author, seq),
    range: async (author, from, to, limit) => blocks.range(author, from, to, limit),
    head: async (author) => blocks.head(author),
    neighbours: async (author, seq) => blocks.neighbours(author, seq),
    answers: async (id, query) => blocks.answers(id, query.author, query.after ?? 0, query.limit),
    answersBy: async (questions, limit) => blocks.answersBy(questions, limit),
    byType: async (type, query) => blocks.byType(type, query.author, query.after ?? 0, query.limit),
    since: async (after, limit) => blocks.since(after, limit),
    newest: async (limit) => blocks.newest(limit),
    authors: async ({ after, limit }) => blocks.authors(after, limit),
    count: async (author) => blocks.count(author),
    proofs: async (author) => proofsOf(author),
  };
}

/** Reads the fraud proofs against an author. */
function proofReader(database: Database): (author: PublicKey) => readonly Uint8Array[] {
  const statement = database.prepare('SELECT proof FROM proofs WHERE author = ? ORDER BY rowid');
  return (author) => statement.all(author).map((row) => new Uint8Array(row.proof as Uint8Array));
}

/**
 * A block store in one SQLite file (`node:sqlite`, WAL). Writes of one turn of the event loop share a transaction.
 * Throws `ERR_STORE_IO` when the file cannot be opened, `ERR_STORE_SCHEMA` when it is not ours or newer than us,
 * `ERR_INVALID_ARGUMENT` without a path.
 *
 * @example
 * ```ts
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 * import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
 *
 * await using store = sqliteBlockStore({ path: ':memory:', crypto: nodeCrypto() });
 * console.log(await store.count()); // 0
 * ```
 */
export function sqliteBlockStore(options: SqliteBlockStoreOptions): BlockStore {
  if (typeof options.path !== 'string' || options.path === '') {
    throw new InvalidArgumentError('A SQLite block store needs a path');
  }
  const database = openDatabase(options.path, options.busyTimeoutMs);
  try {
    migrate(database, 'blocks', BLOCK_SCHEMA);
    if (options.shrinkable === true) rebuildOnce(database);
  } catch (error) {
    database.close();
    throw error;
  }
  const crypto = options.crypto ?? nodeCrypto();
  const blocks = blockTable(database, crypto, options.onDamaged);
  const reservations = reservationTable(database);
  const leases = leaseTable(database);
  const forget = (): void => {
    blocks.reset();
    reservations.reset();
  };
  const commits = groupCommit(database, forget, options.environment);
  const foreign = others(database, options.environment ?? systemEnvironment(), forget);
  // What is only in memory has no second connection: writes wait until its snapshot has been read.
  const moments =
    options.path === ':memory:'
      ? undefined
      : snapshots(options.path, options.busyTimeoutMs, crypto, options.onDamaged);
  const proofs = proofReader(database);
  const sql = {
    putProof: database.prepare('INSERT OR IGNORE INTO proofs (author, id, proof) VALUES (?, ?, ?)'),
  };
  const file = fileSize(database, options.path);
  let closed = false;
  const open = (): void => {
    if (closed) throw new StoreError('ERR_STORE_CLOSED', 'The block store is closed');
  };

  const reads: ImmediateReads = {
    get(id) {
      open();
      return blocks.get(id);
    },
    getMany(ids) {
      open();
      return blocks.getMany(ids);
    },
    has(id) {
      open();
      return blocks.get(id) !== undefined;
    },
    at(author, seq) {
      open();
      return blocks.at(author, seq);
    },
    head(author) {
      open();
      return blocks.head(author);
    },
    neighbours(author, seq) {
      open();
      return blocks.neighbours(author, seq);
    },
    answers(id, query) {
      open();
      return blocks.answers(id, query.author, query.after ?? 0, query.limit);
    },
    answersBy(questions, limit) {
      open();
      return blocks.answersBy(questions, limit);
    },
    unfinished(author) {
      open();
      return reservations.unfinished(author);
    },
  };
  const store: BlockStore = {
    ...promised(reads),
    async put(added, putOptions = {}) {
      open();
      if (added.length === 0) return 0;
      return commits.write(() => {
        const count = blocks.insert(added);
        reservations.fulfil(added);
        // What is known already may still lag a power cut, and an empty transaction syncs nothing.
        if (count === 0 && putOptions.durable === true) blocks.touch();
        return count;
      }, putOptions.durable ?? false);
    },
    async range(author, from, to, limit) {
      open();
      return blocks.range(author, from, to, limit);
    },
    async byType(type, query) {
      open();
      return blocks.byType(type, query.author, query.after ?? 0, query.limit);
    },
    async since(after, limit) {
      open();
      return blocks.since(after, limit);
    },
    async newest(limit) {
      open();
      return blocks.newest(limit);
    },
    async authors({ after, limit }) {
      open();
      return blocks.authors(after, limit);
    },
    async count(author) {
      open();
      commits.noteOthers();
      return blocks.count(author);
    },
    async positions(author) {
      open();
      return blocks.positions(author);
    },
    async putProof(author, id, proof) {
      open();
      return commits.write(() => sql.putProof.run(author, id.bytes, proof) > 0, true);
    },
    async proofs(author) {
      open();
      return proofs(author);
    },
    async reserve(author, ...asked) {
      open();
      return commits.write(() => {
        for (const reservation of asked) {
          leases.expect(author, reservation.fence);
          reservations.reserve(author, reservation, blocks);
        }
      }, true);
    },
    async reservation(author) {
      open();
      return reservations.latest(author);
    },
    async remove(ids) {
      open();
      return ids.length === 0 ? 0 : commits.write(() => blocks.remove(ids), false);
    },
    async size() {
      open();
      return file.size();
    },
    async shrink() {
      open();
      // Not in the middle of a group of writes: it is a transaction of its own.
      commits.flush();
      return file.shrink();
    },
    async snapshot(read) {
      open();
      if (moments !== undefined) {
        return moments.run((rows, connection) => read(readsFrom(rows, proofReader(connection))));
      }
      const goOn = commits.hold();
      try {
        return await read(readsFrom(blocks, proofs));
      } finally {
        goOn();
      }
    },
    changed(listener) {
      open();
      return foreign.listen(listener);
    },
    async lease(author, request) {
      open();
      return commits.write(() => leases.take(author, request), true);
    },
    async endLease(lease) {
      open();
      return commits.write(() => leases.end(lease), true);
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    async close() {
      if (closed) return;
      commits.flush();
      closed = true;
      foreign.close();
      moments?.close();
      database.close();
    },
  };
  return answersAtOnce(store, reads);
}
