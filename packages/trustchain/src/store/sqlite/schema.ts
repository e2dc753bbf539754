import type { BlockId } from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import type { Database, SchemaStep } from './database.ts';
import { LINK_SECRET, LINK_SECRET_BYTES, linkMarks } from './link-marks.ts';

/** Rows marked again at once. */
const PAGE = 1_000;

function linkOf(bytes: Uint8Array, mark: (link: BlockId) => number): number | null {
  try {
    // The id is not needed, so nothing is hashed.
    const { core } = decodeHalfBlock(bytes, { sha256: () => new Uint8Array(32) });
    return core.link === null ? null : mark(core.link);
  } catch {
    return null; // an unreadable row answers nothing; it is reported when it is asked for
  }
}

/** Gives the file its secret, and every stored link the mark that follows from it. */
function markLinks(database: Database): void {
  database.exec('CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID');
  database
    .prepare('INSERT INTO secrets (name, value) VALUES (?, randomblob(?))')
    .run(LINK_SECRET, LINK_SECRET_BYTES);
  const mark = linkMarks(database);
  const rows = database.prepare(
    'SELECT arrival, bytes FROM blocks WHERE link IS NOT NULL AND arrival > ? ORDER BY arrival LIMIT ?',
  );
  const update = database.prepare('UPDATE blocks SET link = ? WHERE arrival = ?');
  let last = 0;
  for (;;) {
    const page = rows.all(last, PAGE);
    for (const row of page) {
      last = Number(row.arrival);
      update.run(linkOf(row.bytes as Uint8Array, mark), last);
    }
    if (page.length < PAGE) break;
  }
  database.exec('CREATE INDEX blocks_link_author ON blocks (link, author) WHERE link IS NOT NULL');
}

/**
 * Steps from one schema version of the block store to the next.
 *
 * Keys and types are interned. `mark` is the first 48 bits of the digest of the block's id and `link` a mark of its
 * link (see `linkMarks`): enough to find rows fast, and full ids are compared after decoding, so a collision costs a
 * look, never a wrong answer. The digest itself is not stored: it is recomputed from the bytes.
 */
export const BLOCK_SCHEMA: readonly SchemaStep[] = [
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
  markLinks,
  'CREATE TABLE IF NOT EXISTS leases (author BLOB PRIMARY KEY, holder TEXT NOT NULL, fence INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;',
];
