import { type BlockId, equalBytes, type PublicKey, type Reservation } from '@edmp/interface';
import { blockIdFromBytes } from '../../block/identity.ts';
import { reservedError, StoreError, takenError } from '../errors.ts';
import { blockQueries } from './block-queries.ts';
import { digestOf, owned } from './block-rows.ts';
import type { IdbKeyRangeFactory, IdbTransaction } from './idb.ts';
import { result } from './requests.ts';
import { BLOCKS, type BlockRow, BY_ID, RESERVATIONS, type ReservationRow } from './schema.ts';

/** Reservations in one transaction: the latest of each author, and every earlier one whose block is not stored. */
export interface Reservations {
  /** All or none. Throws `ERR_STORE_RESERVED`. */
  reserve(author: PublicKey, asked: readonly Reservation[]): Promise<void>;
  latest(author: PublicKey): Promise<Reservation | undefined>;
  unfinished(author: PublicKey): Promise<readonly Reservation[]>;
}

function blockId(bytes: Uint8Array): BlockId {
  const id = blockIdFromBytes(bytes);
  if (id === undefined) throw new StoreError('ERR_STORE_CORRUPT', 'A reservation holds no block id');
  return id;
}

const reservation = (row: ReservationRow): Reservation => ({
  seq: row.seq,
  prev: row.prev === null ? null : blockId(row.prev),
  id: blockId(row.id),
  core: row.core,
});

/** {@link Reservations} of a transaction. */
export function reservations(transaction: IdbTransaction, keyRange: IdbKeyRangeFactory): Reservations {
  const store = transaction.objectStore(RESERVATIONS);
  const blocks = transaction.objectStore(BLOCKS).index(BY_ID);
  const of = async (author: PublicKey): Promise<readonly Reservation[]> => {
    const rows = await result(store.getAll(keyRange.bound([author], [author, []])));
    return rows.map((row) => reservation(row as ReservationRow));
  };
  const isStored = async (id: BlockId): Promise<boolean> =>
    (await result(blocks.getKey(digestOf(id)))) !== undefined;

  return {
    async reserve(author, asked) {
      const kept = await of(author);
      const fresh: Reservation[] = [];
      let latest = kept.at(-1)?.seq ?? 0;
      const top =
        (await blockQueries(transaction, keyRange).nearest(author, 0, Number.POSITIVE_INFINITY, 'highest')) ??
        0;
      for (const wanted of asked) {
        if (wanted.seq > latest) {
          if (top >= wanted.seq && !(await isStored(wanted.id)))
            throw takenError(wanted.seq, top, wanted.id.toString());
          fresh.push(wanted);
          latest = wanted.seq;
          continue;
        }
        const known = [...kept, ...fresh].find(({ seq }) => seq === wanted.seq);
        if (known !== undefined && equalBytes(known.id.bytes, wanted.id.bytes)) continue;
        if (known === undefined) {
          const block = (await result(blocks.get(digestOf(wanted.id)))) as BlockRow | undefined;
          if (block?.seq === wanted.seq) continue;
        }
        throw reservedError(wanted.seq, known?.id.toString() ?? 'an earlier block', wanted.id.toString());
      }
      if (fresh.length === 0) return;
      for (const { seq, id } of kept) {
        if (await isStored(id)) await result(store.delete([author, seq]));
      }
      for (const { seq, id, prev, core } of fresh) {
        const row: ReservationRow = {
          author: owned(author),
          seq,
          id: owned(id.bytes),
          prev: prev === null ? null : owned(prev.bytes),
          core: owned(core),
        };
        await result(store.put(row));
      }
    },
    latest: async (author) => (await of(author)).at(-1),
    async unfinished(author) {
      const open: Reservation[] = [];
      for (const kept of await of(author)) if (!(await isStored(kept.id))) open.push(kept);
      return open;
    },
  };
}
