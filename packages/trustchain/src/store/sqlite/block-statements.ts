import type { Database, Statement } from './database.ts';

/** Ids looked up by one statement: one call for many costs a fifth of a call for each. */
export const IDS_AT_ONCE = 64;
const PLACEHOLDERS = Array.from({ length: IDS_AT_ONCE }, () => '?').join(', ');

/** Names of the statements over the rows of blocks. */
type Name =
  | 'insert'
  | 'keepArrival'
  | 'remove'
  | 'byMark'
  | 'byMarks'
  | 'at'
  | 'range'
  | 'below'
  | 'above'
  | 'answers'
  | 'authorAnswers'
  | 'answered'
  | 'byType'
  | 'byAuthorType'
  | 'since'
  | 'newest'
  | 'authors'
  | 'addCount'
  | 'countOf'
  | 'positions'
  | 'total'
  | 'last';

/** The statements over the rows of blocks, prepared once. */
export function blockStatements(database: Database): Readonly<Record<Name, Statement>> {
  const columns = 'arrival, bytes';
  return {
    insert: database.prepare(
      'INSERT INTO blocks (arrival, mark, author, seq, type, link, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    keepArrival: database.prepare("INSERT OR REPLACE INTO counters (name, value) VALUES ('arrival', ?)"),
    remove: database.prepare('DELETE FROM blocks WHERE arrival = ?'),
    byMark: database.prepare(`SELECT ${columns} FROM blocks WHERE mark = ?`),
    byMarks: database.prepare(`SELECT ${columns}, mark FROM blocks WHERE mark IN (${PLACEHOLDERS})`),
    at: database.prepare(`SELECT ${columns} FROM blocks WHERE author = ? AND seq = ?`),
    range: database.prepare(
      `SELECT ${columns}, seq FROM blocks WHERE author = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`,
    ),
    below: database.prepare('SELECT MAX(seq) AS seq FROM blocks WHERE author = ? AND seq < ?'),
    above: database.prepare('SELECT MIN(seq) AS seq FROM blocks WHERE author = ? AND seq > ?'),
    answers: database.prepare(
      `SELECT ${columns} FROM blocks INDEXED BY blocks_link WHERE link = ? AND arrival > ? ORDER BY arrival LIMIT ?`,
    ),
    authorAnswers: database.prepare(
      `SELECT ${columns} FROM blocks INDEXED BY blocks_link_author
       WHERE link = ? AND author = ? AND arrival > ? ORDER BY arrival LIMIT ?`,
    ),
    answered: database.prepare(
      `SELECT DISTINCT value AS link FROM (${Array.from({ length: IDS_AT_ONCE }, () => 'SELECT ? AS value').join(' UNION ALL ')}) WHERE EXISTS (SELECT 1 FROM blocks WHERE link = value)`,
    ),
    byType: database.prepare(
      `SELECT ${columns} FROM blocks INDEXED BY blocks_type WHERE type = ? AND arrival > ? ORDER BY arrival LIMIT ?`,
    ),
    byAuthorType: database.prepare(
      `SELECT ${columns} FROM blocks INDEXED BY blocks_author_type
       WHERE author = ? AND type = ? AND arrival > ? ORDER BY arrival LIMIT ?`,
    ),
    since: database.prepare(`SELECT ${columns} FROM blocks WHERE arrival > ? ORDER BY arrival LIMIT ?`),
    newest: database.prepare(`SELECT ${columns} FROM blocks ORDER BY arrival DESC LIMIT ?`),
    authors: database.prepare('SELECT key FROM authors WHERE blocks > 0 AND key > ? ORDER BY key LIMIT ?'),
    addCount: database.prepare('UPDATE authors SET blocks = blocks + ? WHERE id = ?'),
    countOf: database.prepare('SELECT blocks AS n FROM authors WHERE key = ?'),
    positions: database.prepare('SELECT COUNT(DISTINCT seq) AS n FROM blocks WHERE author = ?'),
    total: database.prepare('SELECT COALESCE(SUM(blocks), 0) AS n FROM authors'),
    last: database.prepare(
      "SELECT MAX(COALESCE((SELECT MAX(arrival) FROM blocks), 0), COALESCE((SELECT value FROM counters WHERE name = 'arrival'), 0)) AS n",
    ),
  };
}
