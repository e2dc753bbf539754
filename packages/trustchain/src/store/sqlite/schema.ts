/**
 * Steps from one schema version of the block store to the next.
 *
 * Keys and types are interned. `mark` and `link` are the first 48 bits of the digest of the block's id and of its
 * link: enough to find rows fast, and full ids are compared after decoding, so a collision costs a look, never a
 * wrong answer. The digest itself is not stored: it is recomputed from the bytes.
 */
export const BLOCK_SCHEMA: readonly string[] = [
  `
  CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    blocks INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE blocks (
    arrival INTEGER PRIMARY KEY,
    mark INTEGER NOT NULL,
    author INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    type INTEGER NOT NULL,
    link INTEGER,
    bytes BLOB NOT NULL
  );
  CREATE INDEX blocks_mark ON blocks (mark);
  CREATE INDEX blocks_place ON blocks (author, seq);
  CREATE INDEX blocks_link ON blocks (link) WHERE link IS NOT NULL;
  CREATE INDEX blocks_type ON blocks (type);
  CREATE INDEX blocks_author_type ON blocks (author, type);
  CREATE TABLE proofs (
    author BLOB NOT NULL,
    id BLOB NOT NULL,
    proof BLOB NOT NULL,
    PRIMARY KEY (author, id)
  );
  CREATE TABLE reservations (
    author BLOB NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,
    prev BLOB,
    core BLOB NOT NULL,
    stored INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (author, seq)
  );
  `,
  // Pruning may remove the newest row; its arrival number must not be given out again.
  'CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;',
];
