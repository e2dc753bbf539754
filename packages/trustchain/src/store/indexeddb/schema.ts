import type { Schema } from './database.ts';

/** Object stores of a block database. */
export const BLOCKS = 'edmp-blocks';
export const AUTHORS = 'edmp-authors';
export const PROOFS = 'edmp-proofs';
export const RESERVATIONS = 'edmp-reservations';
export const LEASES = 'edmp-leases';

/** Indexes of {@link BLOCKS} and {@link PROOFS}. */
export const BY_ID = 'id';
export const BY_PLACE = 'place';
/** By link in order of arrival, of all authors or of one. */
export const BY_ANSWER = 'answer';
export const BY_AUTHOR_ANSWER = 'author-answer';
export const BY_TYPE = 'type';
export const BY_AUTHOR_TYPE = 'author-type';
export const BY_AUTHOR = 'author';

/**
 * A stored block. `arrival` comes from the store's key generator, which never gives a number twice, not even after
 * the last block was deleted.
 */
export interface BlockRow {
  readonly arrival: number;
  /** SHA-256 digest of the core: the block's id without its constant prefix. */
  readonly id: Uint8Array;
  readonly author: Uint8Array;
  readonly seq: number;
  readonly type: string;
  /** Digest of the link; absent in proposals, so that they are not in the index. */
  readonly link?: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Number of blocks of one author. */
export interface AuthorRow {
  readonly key: Uint8Array;
  readonly blocks: number;
}

/** A fraud proof; its key is a running number. */
export interface ProofRow {
  readonly author: Uint8Array;
  readonly id: Uint8Array;
  readonly proof: Uint8Array;
}

/** A reservation; ids are whole (36 bytes). */
export interface ReservationRow {
  readonly author: Uint8Array;
  readonly seq: number;
  readonly id: Uint8Array;
  readonly prev: Uint8Array | null;
  readonly core: Uint8Array;
}

/** The newest lease of an author. */
export interface LeaseRow {
  readonly author: Uint8Array;
  readonly holder: string;
  readonly fence: number;
  readonly until: number;
}

/** Steps from one schema version of the block store to the next. */
export const BLOCK_SCHEMA: Schema = {
  kind: 'block store of EDMP',
  stores: [BLOCKS, AUTHORS, PROOFS, RESERVATIONS, LEASES],
  steps: [
    (database) => {
      const blocks = database.createObjectStore(BLOCKS, { keyPath: 'arrival', autoIncrement: true });
      blocks.createIndex(BY_ID, 'id', { unique: true });
      blocks.createIndex(BY_PLACE, ['author', 'seq', 'id']);
      blocks.createIndex('link', 'link');
      blocks.createIndex(BY_TYPE, ['type', 'arrival']);
      blocks.createIndex(BY_AUTHOR_TYPE, ['author', 'type', 'arrival']);
      database.createObjectStore(AUTHORS, { keyPath: 'key' });
      const proofs = database.createObjectStore(PROOFS, { autoIncrement: true });
      proofs.createIndex(BY_ID, ['author', 'id'], { unique: true });
      proofs.createIndex(BY_AUTHOR, 'author');
      database.createObjectStore(RESERVATIONS, { keyPath: ['author', 'seq'] });
    },
    (_, transaction) => {
      const blocks = transaction.objectStore(BLOCKS);
      blocks.deleteIndex('link');
      blocks.createIndex(BY_ANSWER, ['link', 'arrival']);
      blocks.createIndex(BY_AUTHOR_ANSWER, ['link', 'author', 'arrival']);
    },
    (database) => {
      database.createObjectStore(LEASES, { keyPath: 'author' });
    },
  ],
};
