import type { ArrivedBlock, Crypto, HalfBlock, PublicKey } from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { StoreError } from '../errors.ts';
import type { Database, Row } from './database.ts';

/** Damaged rows that are told, each once: more of them say nothing new. */
const MAX_TOLD = 1_000;

const NOWHERE: ReadonlySet<number> = new Set();

/** A row whose bytes are no half block. */
export interface DamagedRow {
  readonly arrival: number;
  /** Whose block it was; undefined where that is damaged too. */
  readonly author: PublicKey | undefined;
  readonly seq: number;
  readonly error: StoreError;
}

/** Reads blocks from rows. */
export interface RowDecoder {
  /** The block of a row; undefined for a damaged one that is stepped over. Throws `ERR_STORE_CORRUPT` where none is. */
  read(row: Row): HalfBlock | undefined;
  /** The blocks of rows, without damaged ones. */
  blocks(rows: readonly Row[]): HalfBlock[];
  /** At most `limit` blocks that come after `after`, damaged ones not counted. */
  arrived(
    rowsAfter: (after: number, limit: number) => readonly Row[],
    after: number,
    limit: number,
  ): ArrivedBlock[];
  /** Positions of an author, by its number, at which a row was found damaged. */
  damagedAt(author: number): ReadonlySet<number>;
  /** Whether any row was found damaged. */
  readonly hasDamaged: boolean;
}

/** A {@link RowDecoder}. With `onDamaged` damaged rows are told to it, each once, and stepped over; without they throw. */
export function rowDecoder(
  database: Database,
  crypto: Pick<Crypto, 'sha256'>,
  onDamaged: ((row: DamagedRow) => void) | undefined,
): RowDecoder {
  const told = new Set<number>();
  const positions = new Map<number, Set<number>>();
  const place = database.prepare(
    'SELECT key, seq, author FROM blocks LEFT JOIN authors ON authors.id = blocks.author WHERE arrival = ?',
  );
  const tell = (row: Row, error: StoreError): void => {
    const arrival = Number(row.arrival);
    if (told.has(arrival) || told.size >= MAX_TOLD) return;
    told.add(arrival);
    const found = place.get(arrival);
    const author = found?.key instanceof Uint8Array ? (new Uint8Array(found.key) as PublicKey) : undefined;
    const seq = Number(found?.seq);
    const known = positions.get(Number(found?.author));
    if (known === undefined) positions.set(Number(found?.author), new Set([seq]));
    else known.add(seq);
    onDamaged?.({ arrival, author, seq, error });
  };
  const read = (row: Row): HalfBlock | undefined => {
    try {
      return decodeHalfBlock(row.bytes as Uint8Array, crypto);
    } catch (cause) {
      const error = new StoreError('ERR_STORE_CORRUPT', `Row ${String(row.arrival)} holds no half block`, {
        cause,
      });
      if (onDamaged === undefined) throw error;
      tell(row, error);
      return undefined;
    }
  };
  return {
    read,
    blocks: (rows) => rows.flatMap((row) => read(row) ?? []),
    arrived(rowsAfter, after, limit) {
      const found: ArrivedBlock[] = [];
      for (let last = after; ; ) {
        const wanted = limit - found.length;
        const rows = rowsAfter(last, wanted);
        for (const row of rows) {
          const block = read(row);
          last = Number(row.arrival);
          if (block !== undefined) found.push({ block, arrival: last });
        }
        // What was stepped over is made up for: a short page would be taken for the last one.
        if (rows.length < wanted || found.length >= limit) return found;
      }
    },
    damagedAt: (author) => positions.get(author) ?? NOWHERE,
    get hasDamaged() {
      return told.size > 0;
    },
  };
}
