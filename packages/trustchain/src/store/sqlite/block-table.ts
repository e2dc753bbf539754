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
import { blockDigest, blockKey } from '../../block/identity.ts';
import { forgetOldest } from '../forget-oldest.ts';
import { blockStatements, IDS_AT_ONCE } from './block-statements.ts';
import type { Database, Row, Statement } from './database.ts';
import { internedAuthors, internedTypes } from './interned.ts';
import { linkMarks } from './link-marks.ts';
import { type DamagedRow, rowDecoder } from './row-decoder.ts';

const RECENT_BLOCKS = 8_192;
/** Before every key. */
const NOTHING: Uint8Array = new Uint8Array(0);
/** Up to this many, single look-ups are as cheap. */
const FEW_IDS = 4;

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
export function blockTable(
  database: Database,
  crypto: Pick<Crypto, 'sha256'>,
  onDamaged?: (row: DamagedRow) => void,
): BlockTable {
  const recent = new Map<string, HalfBlock>();
  /** Ids looked for in vain and not inserted since: an insert need not look again. */
  const absent = new Set<string>();
  const authors = internedAuthors(database);
  const types = internedTypes(database);
  /** Read from the file when first needed, and again after a transaction was undone. */
  let counters: { arrival: number; total: number } | undefined;

  const linkMark = linkMarks(database);

  const sql = blockStatements(database);

  const counts = (): { arrival: number; total: number } => {
    counters ??= { arrival: Number(sql.last.get()?.n), total: Number(sql.total.get()?.n) };
    return counters;
  };
  const remember = (block: HalfBlock): void => {
    recent.set(blockKey(block.id), block);
    if (recent.size <= RECENT_BLOCKS) return;
    forgetOldest(recent);
  };
  const rows = rowDecoder(database, crypto, onDamaged);

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
      const block = rows.read(row);
      if (block !== undefined && equalBytes(block.id.bytes, id.bytes)) {
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
    const found = rowsByMark(sql.byMarks, 'mark', unknown);
    return ids.map((id, index) => {
      const block =
        cached[index] ??
        rows.blocks(found.get(mark(id)) ?? []).find((stored) => equalBytes(stored.id.bytes, id.bytes));
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
    const found = rows.arrived(
      (from, most) =>
        named === undefined
          ? sql.answers.all(link, from, most)
          : sql.authorAnswers.all(link, named, from, most),
      after,
      limit,
    );
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
    typeof seq === 'number' ? rows.blocks(sql.at.all(author, seq)).sort(byId) : [];

  /** The nearest position in one direction that has a readable block. */
  const nearest = (author: number, seq: number, next: Statement): HalfBlock[] => {
    for (let from = seq; ; ) {
      const place = next.get(author, from)?.seq;
      const blocks = at(author, place);
      if (blocks.length > 0 || typeof place !== 'number') return blocks;
      from = place;
    }
  };
  /** A damaged row gives way to the block that it held, which its mark tells. */
  const dropDamaged = ({ id }: HalfBlock, author: number): void => {
    for (const row of sql.byMark.all(mark(id))) {
      if (rows.read(row) !== undefined) continue;
      sql.remove.run(Number(row.arrival));
      sql.addCount.run(-1, author);
      counts().total -= 1;
    }
  };

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
        if (rows.hasDamaged) dropDamaged(block, author);
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
          const block = rows.read(row);
          const author = block === undefined ? undefined : authorId(block.core.key);
          if (block === undefined || author === undefined || !equalBytes(block.id.bytes, id.bytes)) continue;
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
      const blocks: HalfBlock[] = [];
      for (let start = from; ; ) {
        const page = sql.range.all(id, start, to, limit);
        const last = page.at(-1)?.seq;
        blocks.push(...rows.blocks(page.filter((row) => row.seq !== last)));
        // Branches come in order of id, so the last position is read whole before it is cut.
        blocks.push(...at(id, last));
        if (page.length < limit || blocks.length >= limit) break;
        start = Number(last) + 1;
      }
      return blocks.sort((a, b) => a.core.seq - b.core.seq || byId(a, b)).slice(0, limit);
    },
    head(author) {
      const id = authorId(author);
      return id === undefined ? undefined : nearest(id, Number.MAX_SAFE_INTEGER + 1, sql.below)[0];
    },
    top(author) {
      const id = authorId(author);
      return id === undefined ? 0 : Number(sql.below.get(id, Number.MAX_SAFE_INTEGER + 1)?.seq ?? 0);
    },
    neighbours(author, seq) {
      const id = authorId(author);
      if (id === undefined) return { previous: [], next: [] };
      return {
        previous: nearest(id, seq, sql.below),
        next: nearest(id, seq, sql.above),
      };
    },
    answers,
    answersBy,
    byType(type, author, after, limit) {
      const named = types.find(type);
      if (named === undefined || limit <= 0) return [];
      if (author === undefined)
        return rows.arrived((from, most) => sql.byType.all(named, from, most), after, limit);
      const id = authorId(author);
      return id === undefined
        ? []
        : rows.arrived((from, most) => sql.byAuthorType.all(id, named, from, most), after, limit);
    },
    since: (after, limit) =>
      limit <= 0 ? [] : rows.arrived((from, most) => sql.since.all(from, most), after, limit),
    newest: (limit) =>
      [...sql.newest.all(Math.max(0, limit))].reverse().flatMap((row) => {
        const block = rows.read(row);
        return block === undefined ? [] : [{ block, arrival: Number(row.arrival) }];
      }),
    authors: (after, limit) =>
      sql.authors
        .all(after ?? NOTHING, Math.max(0, limit))
        .map((row) => new Uint8Array(row.key as Uint8Array) as PublicKey),
    count: (author) => (author === undefined ? counts().total : Number(sql.countOf.get(author)?.n ?? 0)),
    positions(author) {
      const id = authorId(author);
      if (id === undefined) return 0;
      // The index has damaged rows too; what has no readable block is missing.
      const missing = [...rows.damagedAt(id)].filter((seq) => at(id, seq).length === 0);
      return Number(sql.positions.get(id)?.n) - missing.length;
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
