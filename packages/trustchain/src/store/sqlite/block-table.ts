import {
  type AnswerQuestion,
  type ArrivedBlock,
  type BlockId,
  type Crypto,
  compareBytes,
  equalBytes,
  type HalfBlock,
  type PublicKey,
} from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { blockDigest, blockKey } from '../../block/identity.ts';
import { StoreError } from '../errors.ts';
import { forgetOldest } from '../forget-oldest.ts';
import type { Database, Row, Statement } from './database.ts';
import { internedAuthors, internedTypes } from './interned.ts';
import { linkMarks } from './link-marks.ts';

const RECENT_BLOCKS = 8_192;
/** Before every key. */
const NOTHING: Uint8Array = new Uint8Array(0);
/** Ids looked up by one statement: one call for many costs a fifth of a call for each. */
const IDS_AT_ONCE = 64;
/** Up to this many, single look-ups are as cheap. */
const FEW_IDS = 4;
const PLACEHOLDERS = Array.from({ length: IDS_AT_ONCE }, () => '?').join(', ');

/** The first 48 bits of a digest as an exact number. */
function mark(id: BlockId): number {
  const digest = blockDigest(id);
  let value = 0;
  for (let i = 0; i < 6; i++) value = value * 256 + (digest[i] ?? 0);
  return value;
}

const byId = (a: HalfBlock, b: HalfBlock): number => compareBytes(a.id.bytes, b.id.bytes);

/** Rows of half blocks, with their authors and types interned. All methods are synchronous. */
export interface BlockTable {
  /** Inserts what is new, inside the caller's transaction. */
  insert(blocks: readonly HalfBlock[]): number;
  /** Deletes blocks, inside the caller's transaction. */
  remove(ids: readonly BlockId[]): number;
  /** Writes a row that says nothing new, so that a commit with nothing else to write syncs what came before it. */
  touch(): void;
  get(id: BlockId): HalfBlock | undefined;
  getMany(ids: readonly BlockId[]): (HalfBlock | undefined)[];
  at(author: PublicKey, seq: number): HalfBlock[];
  range(author: PublicKey, from: number, to: number, limit: number): HalfBlock[];
  head(author: PublicKey): HalfBlock | undefined;
  /** Highest position of an author, read from the index alone; 0 without blocks. */
  top(author: PublicKey): number;
  neighbours(author: PublicKey, seq: number): { previous: HalfBlock[]; next: HalfBlock[] };
  answers(id: BlockId, author: PublicKey | undefined, after: number, limit: number): ArrivedBlock[];
  answersBy(questions: readonly AnswerQuestion[], limit: number): HalfBlock[][];
  byType(type: string, author: PublicKey | undefined, after: number, limit: number): ArrivedBlock[];
  since(after: number, limit: number): ArrivedBlock[];
  newest(limit: number): ArrivedBlock[];
  authors(after: PublicKey | undefined, limit: number): PublicKey[];
  count(author?: PublicKey): number;
  /** Number of distinct positions; reads the index alone. */
  positions(author: PublicKey): number;
  /** Forgets what is cached, after a transaction was undone. */
  reset(): void;
}

/** The {@link BlockTable} of an open database. */
export function blockTable(database: Database, crypto: Pick<Crypto, 'sha256'>): BlockTable {
  const recent = new Map<string, HalfBlock>();
  /** Ids looked for in vain and not inserted since: an insert need not look again. */
  const absent = new Set<string>();
  const authors = internedAuthors(database);
  const types = internedTypes(database);
  /** Read from the file when first needed, and again after a transaction was undone. */
  let counters: { arrival: number; total: number } | undefined;

  const linkMark = linkMarks(database);

  const columns = 'arrival, bytes';
  const sql = {
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

  const counts = (): { arrival: number; total: number } => {
    counters ??= { arrival: Number(sql.last.get()?.n), total: Number(sql.total.get()?.n) };
    return counters;
  };
  const remember = (block: HalfBlock): void => {
    recent.set(blockKey(block.id), block);
    if (recent.size <= RECENT_BLOCKS) return;
    forgetOldest(recent);
  };
  const decode = (row: Row): HalfBlock => {
    try {
      return decodeHalfBlock(row.bytes as Uint8Array, crypto);
    } catch (cause) {
      throw new StoreError('ERR_STORE_CORRUPT', `Row ${String(row.arrival)} holds no half block`, {
        cause,
      });
    }
  };
  const arrived = (row: Row): ArrivedBlock => ({ block: decode(row), arrival: Number(row.arrival) });

  const { find: authorId } = authors;
  const noteAbsent = (key: string): void => {
    if (absent.size >= RECENT_BLOCKS) absent.clear();
    absent.add(key);
  };
  const get = (id: BlockId): HalfBlock | undefined => {
    const key = blockKey(id);
    const cached = recent.get(key);
    if (cached !== undefined) return cached;
    for (const row of sql.byMark.all(mark(id))) {
      const block = decode(row);
      if (equalBytes(block.id.bytes, id.bytes)) {
        remember(block);
        return block;
      }
    }
    noteAbsent(key);
    return undefined;
  };
  /** Rows of a statement over the marks of ids, by `column`, which holds the mark asked for. */
  const rowsByMark = (statement: Statement, column: string, ids: readonly BlockId[]): Map<number, Row[]> => {
    const found = new Map<number, Row[]>();
    const marks = [...new Set(ids.map(mark))];
    for (let start = 0; start < marks.length; start += IDS_AT_ONCE) {
      const asked = marks.slice(start, start + IDS_AT_ONCE);
      // A statement has all its parameters: the first mark fills those that are not needed.
      while (asked.length < IDS_AT_ONCE) asked.push(asked[0] ?? 0);
      for (const row of statement.all(...asked)) {
        const rows = found.get(Number(row[column]));
        if (rows === undefined) found.set(Number(row[column]), [row]);
        else rows.push(row);
      }
    }
    return found;
  };
  const getMany = (ids: readonly BlockId[]): (HalfBlock | undefined)[] => {
    if (ids.length <= FEW_IDS) return ids.map(get);
    const cached = ids.map((id) => recent.get(blockKey(id)));
    const unknown = ids.filter((_, index) => cached[index] === undefined);
    const rows = rowsByMark(sql.byMarks, 'mark', unknown);
    return ids.map((id, index) => {
      const block =
        cached[index] ??
        rows
          .get(mark(id))
          ?.map(decode)
          .find((row) => equalBytes(row.id.bytes, id.bytes));
      if (block === undefined) noteAbsent(blockKey(id));
      else if (cached[index] === undefined) remember(block);
      return block;
    });
  };
  const isAnswer = ({ block }: ArrivedBlock, id: BlockId): boolean =>
    block.core.link !== null && equalBytes(block.core.link.bytes, id.bytes);
  const answers = (
    id: BlockId,
    author: PublicKey | undefined,
    after: number,
    limit: number,
  ): ArrivedBlock[] => {
    const named = author === undefined ? undefined : authorId(author);
    if (limit <= 0 || (author !== undefined && named === undefined)) return [];
    const link = linkMark(id);
    const rows =
      named === undefined
        ? sql.answers.all(link, after, limit)
        : sql.authorAnswers.all(link, named, after, limit);
    const found = rows.map(arrived);
    const right = found.filter((one) => isAnswer(one, id));
    const last = found.at(-1);
    // Marks hardly ever collide; where they do, what follows makes up for what was left out.
    return right.length === found.length || last === undefined || found.length < limit
      ? right
      : [...right, ...answers(id, author, last.arrival, limit - right.length)];
  };
  /** The marks of those links that anything stored has. */
  const answeredMarks = (questions: readonly AnswerQuestion[]): ReadonlySet<number> => {
    const marks = [...new Set(questions.map(({ link }) => linkMark(link)))];
    const found = new Set<number>();
    for (let start = 0; start < marks.length; start += IDS_AT_ONCE) {
      const asked = marks.slice(start, start + IDS_AT_ONCE);
      while (asked.length < IDS_AT_ONCE) asked.push(asked[0] ?? 0);
      for (const row of sql.answered.all(...asked)) found.add(Number(row.link));
    }
    return found;
  };
  const answersBy = (questions: readonly AnswerQuestion[], limit: number): HalfBlock[][] => {
    const blocksOf = ({ link, author }: AnswerQuestion): HalfBlock[] =>
      answers(link, author, 0, limit).map(({ block }) => block);
    if (questions.length <= FEW_IDS) return questions.map(blocksOf);
    const answered = answeredMarks(questions);
    return questions.map((question) => (answered.has(linkMark(question.link)) ? blocksOf(question) : []));
  };
  const at = (author: number, seq: unknown): HalfBlock[] =>
    typeof seq === 'number' ? sql.at.all(author, seq).map(decode).sort(byId) : [];

  return {
    insert(blocks) {
      const added = new Map<number, number>();
      const known = counts();
      for (const block of blocks) {
        if (!absent.delete(blockKey(block.id)) && get(block.id) !== undefined) continue;
        absent.delete(blockKey(block.id));
        const { core } = block;
        const author = authors.intern(core.key);
        const type = types.intern(core.type);
        known.arrival += 1;
        const link = core.link === null ? null : linkMark(core.link);
        sql.insert.run(known.arrival, mark(block.id), author, core.seq, type, link, block.bytes);
        added.set(author, (added.get(author) ?? 0) + 1);
        remember(block);
      }
      let count = 0;
      for (const [author, n] of added) {
        sql.addCount.run(n, author);
        count += n;
      }
      known.total += count;
      return count;
    },
    remove(ids) {
      let count = 0;
      const touched = { authors: new Map<number, PublicKey>(), types: new Set<string>() };
      for (const id of ids) {
        for (const row of sql.byMark.all(mark(id))) {
          const block = decode(row);
          const author = authorId(block.core.key);
          if (author === undefined || !equalBytes(block.id.bytes, id.bytes)) continue;
          sql.remove.run(Number(row.arrival));
          sql.addCount.run(-1, author);
          recent.delete(blockKey(id));
          touched.authors.set(author, block.core.key);
          touched.types.add(block.core.type);
          count += 1;
        }
      }
      // Strangers choose their keys and types: what nothing uses would pile up.
      if (count > 0) {
        authors.release(touched.authors.values());
        types.release(touched.types);
      }
      const known = counts();
      if (count > 0) sql.keepArrival.run(known.arrival);
      known.total -= count;
      return count;
    },
    touch() {
      sql.keepArrival.run(counts().arrival);
    },
    get,
    getMany,
    at(author, seq) {
      const id = authorId(author);
      return id === undefined ? [] : at(id, seq);
    },
    range(author, from, to, limit) {
      const id = authorId(author);
      if (id === undefined || limit <= 0) return [];
      const rows = sql.range.all(id, from, to, limit);
      const last = rows.at(-1)?.seq;
      const blocks = rows.filter((row) => row.seq !== last).map(decode);
      // Branches come in order of id, so the last position is read whole before it is cut.
      blocks.push(...at(id, last));
      return blocks.sort((a, b) => a.core.seq - b.core.seq || byId(a, b)).slice(0, limit);
    },
    head(author) {
      const id = authorId(author);
      return id === undefined ? undefined : at(id, sql.below.get(id, Number.MAX_SAFE_INTEGER + 1)?.seq)[0];
    },
    top(author) {
      const id = authorId(author);
      return id === undefined ? 0 : Number(sql.below.get(id, Number.MAX_SAFE_INTEGER + 1)?.seq ?? 0);
    },
    neighbours(author, seq) {
      const id = authorId(author);
      if (id === undefined) return { previous: [], next: [] };
      return {
        previous: at(id, sql.below.get(id, seq)?.seq),
        next: at(id, sql.above.get(id, seq)?.seq),
      };
    },
    answers,
    answersBy,
    byType(type, author, after, limit) {
      const named = types.find(type);
      if (named === undefined || limit <= 0) return [];
      if (author === undefined) return sql.byType.all(named, after, limit).map(arrived);
      const id = authorId(author);
      return id === undefined ? [] : sql.byAuthorType.all(id, named, after, limit).map(arrived);
    },
    since: (after, limit) => (limit <= 0 ? [] : sql.since.all(after, limit).map(arrived)),
    newest: (limit) => (limit <= 0 ? [] : [...sql.newest.all(limit)].reverse().map(arrived)),
    authors: (after, limit) =>
      sql.authors
        .all(after ?? NOTHING, Math.max(0, limit))
        .map((row) => new Uint8Array(row.key as Uint8Array) as PublicKey),
    count: (author) => (author === undefined ? counts().total : Number(sql.countOf.get(author)?.n ?? 0)),
    positions(author) {
      const id = authorId(author);
      return id === undefined ? 0 : Number(sql.positions.get(id)?.n);
    },
    reset() {
      recent.clear();
      absent.clear();
      authors.reset();
      types.reset();
      counters = undefined;
    },
  };
}
