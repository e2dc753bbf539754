import { type BlockId, equalBytes, type HalfBlock, type PublicKey, type Reservation } from '@edmp/interface';
import { blockIdFromBytes } from '../../block/identity.ts';
import { reservedError, StoreError, takenError } from '../errors.ts';
import type { Database, Row } from './database.ts';

/** Rows of reservations: the latest of each author, and every earlier one whose block is not stored. */
export interface ReservationTable {
  /** Throws `ERR_STORE_RESERVED`. */
  reserve(author: PublicKey, reservation: Reservation, blocks: StoredBlocks): void;
  latest(author: PublicKey): Reservation | undefined;
  unfinished(author: PublicKey): readonly Reservation[];
  /** Notes that these blocks are stored now. */
  fulfil(blocks: readonly HalfBlock[]): void;
  /** Forgets what is cached, after a transaction was undone or somebody else wrote. */
  reset(): void;
}

/** What of the blocks reservations are compared with. */
export interface StoredBlocks {
  get(id: BlockId): HalfBlock | undefined;
  /** Highest position of an author; 0 without blocks. */
  top(author: PublicKey): number;
}

function id(bytes: unknown): BlockId {
  const found = blockIdFromBytes(bytes as Uint8Array);
  if (found === undefined) throw new StoreError('ERR_STORE_CORRUPT', 'A reservation holds no block id');
  return found;
}

const reservation = (row: Row): Reservation => ({
  seq: Number(row.seq),
  prev: row.prev === null ? null : id(row.prev),
  id: id(row.id),
  core: new Uint8Array(row.core as Uint8Array),
});

/** The {@link ReservationTable} of an open database. */
export function reservationTable(database: Database): ReservationTable {
  const sql = {
    latest: database.prepare('SELECT * FROM reservations WHERE author = ? ORDER BY seq DESC LIMIT 1'),
    at: database.prepare('SELECT * FROM reservations WHERE author = ? AND seq = ?'),
    insert: database.prepare(
      'INSERT INTO reservations (author, seq, id, prev, core, stored) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    clean: database.prepare('DELETE FROM reservations WHERE author = ? AND seq < ? AND stored = 1'),
    fulfil: database.prepare('UPDATE reservations SET stored = 1 WHERE author = ? AND seq = ? AND id = ?'),
    unfinished: database.prepare('SELECT * FROM reservations WHERE author = ? AND stored = 0 ORDER BY seq'),
    any: database.prepare('SELECT 1 AS n FROM reservations LIMIT 1'),
  };
  const isUsed = (): boolean => sql.any.get() !== undefined;
  let used = isUsed();

  return {
    reserve(author, asked, blocks) {
      const latest = sql.latest.get(author);
      const block = blocks.get(asked.id);
      const done = block !== undefined && block.core.seq === asked.seq;
      if (latest === undefined || asked.seq > Number(latest.seq)) {
        const top = blocks.top(author);
        if (!done && top >= asked.seq) throw takenError(asked.seq, top, asked.id.toString());
        sql.clean.run(author, asked.seq);
        sql.insert.run(
          author,
          asked.seq,
          asked.id.bytes,
          asked.prev?.bytes ?? null,
          asked.core,
          done ? 1 : 0,
        );
        used = true;
        return;
      }
      const known = sql.at.get(author, asked.seq);
      if (known === undefined) {
        if (done) return;
        throw reservedError(asked.seq, 'an earlier block', asked.id.toString());
      }
      const holder = id(known.id);
      if (!equalBytes(holder.bytes, asked.id.bytes)) {
        throw reservedError(asked.seq, holder.toString(), asked.id.toString());
      }
    },
    latest(author) {
      const row = sql.latest.get(author);
      return row === undefined ? undefined : reservation(row);
    },
    unfinished: (author) => sql.unfinished.all(author).map(reservation),
    fulfil(blocks) {
      if (!used) return;
      for (const { core, id: stored } of blocks) sql.fulfil.run(core.key, core.seq, stored.bytes);
    },
    reset() {
      used = isUsed();
    },
  };
}
