import type { ArrivedBlock, BlockStore, HalfBlock, Reservation } from '@edmp/interface';
import type { MaybePromise } from '../maybe-promise.ts';

/** Reads of a {@link BlockStore} that answer without a promise, and throw what the store's own would reject with. */
export interface ImmediateReads {
  get(...args: Parameters<BlockStore['get']>): HalfBlock | undefined;
  getMany(...args: Parameters<BlockStore['getMany']>): readonly (HalfBlock | undefined)[];
  has(...args: Parameters<BlockStore['has']>): boolean;
  at(...args: Parameters<BlockStore['at']>): readonly HalfBlock[];
  head(...args: Parameters<BlockStore['head']>): HalfBlock | undefined;
  neighbours(...args: Parameters<BlockStore['neighbours']>): Awaited<ReturnType<BlockStore['neighbours']>>;
  answers(...args: Parameters<BlockStore['answers']>): readonly ArrivedBlock[];
  answersBy(...args: Parameters<BlockStore['answersBy']>): readonly (readonly HalfBlock[])[];
  unfinished(...args: Parameters<BlockStore['unfinished']>): readonly Reservation[];
}

/** {@link ImmediateReads} of stores that answer at once, promises of all others: every {@link BlockStore} has them. */
export type BlockReads = {
  readonly [Name in keyof ImmediateReads]: (
    ...args: Parameters<ImmediateReads[Name]>
  ) => MaybePromise<ReturnType<ImmediateReads[Name]>>;
};

/**
 * By the store itself and by nothing that can be copied from it: whoever wraps a store, by a spread or a proxy, has
 * another object, which is asked as its methods are written.
 */
const immediate = new WeakMap<BlockStore, ImmediateReads>();

/** Notes that a store answers `reads` at once. Returns the store. */
export function answersAtOnce(store: BlockStore, reads: ImmediateReads): BlockStore {
  immediate.set(store, reads);
  return store;
}

/** The reads of a store, at once where it can. */
export function readsOf(store: BlockStore): BlockReads {
  return immediate.get(store) ?? store;
}

/** What {@link atOneMoment} reads by. */
export type MomentReads = Omit<BlockReads, 'unfinished'>;

/**
 * Reads that are compared with each other: of a store that answers at once nobody writes in between, of any other it is
 * a snapshot. `read` awaits nothing but these reads.
 */
export function atOneMoment<T>(
  store: BlockStore,
  read: (reads: MomentReads) => MaybePromise<T>,
): MaybePromise<T> {
  const reads = immediate.get(store);
  return reads === undefined ? store.snapshot(async (stored) => read(stored)) : read(reads);
}

/** The methods of a {@link BlockStore} over immediate reads: the same answers, as promises. */
export function promised(reads: ImmediateReads): Pick<BlockStore, keyof ImmediateReads> {
  return {
    get: async (id) => reads.get(id),
    getMany: async (ids) => reads.getMany(ids),
    has: async (id) => reads.has(id),
    at: async (author, seq) => reads.at(author, seq),
    head: async (author) => reads.head(author),
    neighbours: async (author, seq) => reads.neighbours(author, seq),
    answers: async (id, options) => reads.answers(id, options),
    answersBy: async (questions, limit) => reads.answersBy(questions, limit),
    unfinished: async (author) => reads.unfinished(author),
  };
}
