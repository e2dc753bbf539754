import { compareBytes, equalBytes, type HalfBlock, type PublicKey } from '@edmp/interface';

/** A plain list that says what a block store must answer; slow and obvious on purpose. */
export interface BlockModel {
  put(blocks: readonly HalfBlock[]): number;
  has(block: HalfBlock): boolean;
  at(author: PublicKey, seq: number): HalfBlock[];
  range(author: PublicKey, from: number, to: number, limit: number): HalfBlock[];
  head(author: PublicKey): HalfBlock | undefined;
  neighbours(author: PublicKey, seq: number): { previous: HalfBlock[]; next: HalfBlock[] };
  answers(block: HalfBlock, author?: PublicKey): HalfBlock[];
  byType(type: string, author: PublicKey | undefined): HalfBlock[];
  authors(): PublicKey[];
  count(author?: PublicKey): number;
  /** All blocks in order of arrival. */
  all(): readonly HalfBlock[];
}

/** An empty {@link BlockModel}. */
export function blockModel(): BlockModel {
  const arrived: HalfBlock[] = [];
  const of = (author: PublicKey): HalfBlock[] =>
    arrived
      .filter(({ core }) => equalBytes(core.key, author))
      .sort((a, b) => a.core.seq - b.core.seq || compareBytes(a.id.bytes, b.id.bytes));
  const model: BlockModel = {
    put(blocks) {
      const before = arrived.length;
      for (const block of blocks) {
        if (!model.has(block)) arrived.push(block);
      }
      return arrived.length - before;
    },
    has: (block) => arrived.some(({ id }) => id.equals(block.id)),
    at: (author, seq) => of(author).filter(({ core }) => core.seq === seq),
    range: (author, from, to, limit) =>
      of(author)
        .filter(({ core }) => core.seq >= from && core.seq <= to)
        .slice(0, limit),
    head: (author) => model.at(author, of(author).at(-1)?.core.seq ?? 0)[0],
    neighbours(author, seq) {
      const chain = of(author);
      const below = chain.filter(({ core }) => core.seq < seq).at(-1)?.core.seq ?? 0;
      const above = chain.find(({ core }) => core.seq > seq)?.core.seq ?? 0;
      return { previous: model.at(author, below), next: model.at(author, above) };
    },
    answers: (block, author) =>
      arrived.filter(
        ({ core }) =>
          core.link?.equals(block.id) === true && (author === undefined || equalBytes(core.key, author)),
      ),
    byType: (type, author) =>
      arrived.filter(
        ({ core }) => core.type === type && (author === undefined || equalBytes(core.key, author)),
      ),
    authors() {
      const keys: PublicKey[] = [];
      for (const { core } of arrived) if (!keys.some((key) => equalBytes(key, core.key))) keys.push(core.key);
      return keys.sort(compareBytes);
    },
    count: (author) => (author === undefined ? arrived.length : of(author).length),
    all: () => arrived,
  };
  return model;
}
