import type { PublicKey } from '../keys.ts';
import type { BlockId, HalfBlock } from './half-block.ts';

/** A stored block with its place in the order of arrival. */
export interface ArrivedBlock {
  readonly block: HalfBlock;
  /** Strictly increasing per store, first ≥ 1; the cursor of {@link BlockStore.since}. */
  readonly arrival: number;
}

/** The place of this node's next block, made durable before its signature leaves the process. */
export interface Reservation {
  readonly seq: number;
  readonly prev: BlockId | null;
  /** The only core that may ever be signed at `seq`. */
  readonly id: BlockId;
  /** Canonical bytes of that core, so that a restart can finish what a crash interrupted. */
  readonly core: Uint8Array;
  /** {@link SigningLease.fence} under which it is asked for. Needed once anybody was given a lease for the author; not stored. */
  readonly fence?: number;
}

/**
 * The right to extend an author's chain, which one opener of a store has at a time. Its end is a matter of clocks and
 * only says when somebody else may take over; what keeps two from signing one position is the fence.
 */
export interface SigningLease {
  readonly author: PublicKey;
  /** Who has it: a name that no other opener bears, e.g. made of random bytes at its start. */
  readonly holder: string;
  /** Grows by one with every change of holder, first 1. A reservation under an older one is refused. */
  readonly fence: number;
  /** When others may take it, ms since the epoch. */
  readonly until: number;
}

/** Who wants a {@link SigningLease}, and for how long by its own clock, ms since the epoch. */
export interface LeaseRequest {
  readonly holder: string;
  readonly now: number;
  readonly until: number;
}

/** A page of authors. */
export interface AuthorsPage {
  /** Only authors whose key comes after this one, in byte order. Default from the first. */
  readonly after?: PublicKey;
  readonly limit: number;
}

/** What a store answers of one moment: see {@link BlockStore.snapshot}. */
export type BlockSnapshot = Pick<
  BlockStore,
  | 'get'
  | 'getMany'
  | 'has'
  | 'at'
  | 'range'
  | 'head'
  | 'neighbours'
  | 'answers'
  | 'answersBy'
  | 'byType'
  | 'since'
  | 'newest'
  | 'authors'
  | 'count'
  | 'proofs'
>;

/** Whose answers to which block are wanted; without `author`, anybody's. */
export interface AnswerQuestion {
  readonly link: BlockId;
  readonly author?: PublicKey;
}

/** Options of {@link BlockStore.put}. */
export interface PutOptions {
  /** `true`: on disk before the promise resolves (one's own chain, proofs, settlement). Default `false`: may lag a power cut. */
  readonly durable?: boolean;
}

/**
 * Stores half blocks, every branch of a fork included; does not judge them.
 *
 * Passing the suite `blockStoreSuite` of `@edmp/testing` is what makes an implementation one.
 */
export interface BlockStore extends AsyncDisposable {
  /** Adds all blocks in one transaction, in the order given; known ids are skipped and keep their first signature. Returns how many were new. */
  put(blocks: readonly HalfBlock[], options?: PutOptions): Promise<number>;
  get(id: BlockId): Promise<HalfBlock | undefined>;
  /** {@link BlockStore.get} of each id, in the same order. */
  getMany(ids: readonly BlockId[]): Promise<readonly (HalfBlock | undefined)[]>;
  has(id: BlockId): Promise<boolean>;
  /** All branches at one position, in order of id bytes. */
  at(author: PublicKey, seq: number): Promise<readonly HalfBlock[]>;
  /** Blocks with `from` ≤ seq ≤ `to`, by seq then id bytes, at most `limit`. */
  range(author: PublicKey, from: number, to: number, limit: number): Promise<readonly HalfBlock[]>;
  /** The block with the highest seq (lowest id bytes on a tie). */
  head(author: PublicKey): Promise<HalfBlock | undefined>;
  /** Nearest stored neighbours below and above `seq` (every branch of that position). */
  neighbours(
    author: PublicKey,
    seq: number,
  ): Promise<{ readonly previous: readonly HalfBlock[]; readonly next: readonly HalfBlock[] }>;
  /** Blocks whose link is `id`, of one author or of all, in order of arrival after `after` (a cursor, default 0). */
  answers(
    id: BlockId,
    options: { readonly author?: PublicKey; readonly after?: number; readonly limit: number },
  ): Promise<readonly ArrivedBlock[]>;
  /**
   * The first `limit` answers to each `link`, by its `author` where one is named, in the order of the questions. What
   * a batch of blocks is judged by; its cost does not grow with the number of answers there are.
   */
  answersBy(questions: readonly AnswerQuestion[], limit: number): Promise<readonly (readonly HalfBlock[])[]>;
  /** Blocks of one type, of one author or of all, in order of arrival after `after` (a cursor, default 0). */
  byType(
    type: string,
    options: { readonly author?: PublicKey; readonly after?: number; readonly limit: number },
  ): Promise<readonly ArrivedBlock[]>;
  /** Everything that arrived after the cursor, in order. */
  since(after: number, limit: number): Promise<readonly ArrivedBlock[]>;
  /** The last `limit` arrivals that are still stored, in order of arrival: after a removal no cursor can be guessed. */
  newest(limit: number): Promise<readonly ArrivedBlock[]>;
  /** Keys of authors in byte order, at most `limit`. */
  authors(page: AuthorsPage): Promise<readonly PublicKey[]>;
  /** Number of blocks, of one author or of all. */
  count(author?: PublicKey): Promise<number>;
  /**
   * Number of positions of an author at which blocks are stored: below its count where branches of forks are kept.
   * Absent in stores that would have to read the blocks for it.
   */
  positions?(author: PublicKey): Promise<number>;
  /** Stores a canonical fraud proof for ever, durably; `false` when it was known. */
  putProof(author: PublicKey, id: BlockId, proof: Uint8Array): Promise<boolean>;
  /** Canonical fraud proofs against an author. */
  proofs(author: PublicKey): Promise<readonly Uint8Array[]>;
  /**
   * Reserves the author's next position, durably, and any `more` after it: all or none.
   * The same reservation again is fine; positions may be skipped.
   * Throws `ERR_STORE_RESERVED` when `seq` is reserved for another core, lies below a reservation and was skipped, or when
   * another block of the author is stored there or above: whoever stored it may be another process,
   * and `ERR_STORE_FENCED` when a lease was given for the author and the newest one is not the reservation's.
   */
  reserve(author: PublicKey, reservation: Reservation, ...more: readonly Reservation[]): Promise<void>;
  /** The reservation of an author with the highest seq, its block stored or not. */
  reservation(author: PublicKey): Promise<Reservation | undefined>;
  /** Reservations of an author whose block is not stored, by seq: what a crash left unfinished. */
  unfinished(author: PublicKey): Promise<readonly Reservation[]>;
  /**
   * Removes blocks, for pruning; their arrival numbers are not given out again. Unknown ids are skipped. Returns how
   * many were removed. Absent in stores that cannot prune.
   */
  remove?(ids: readonly BlockId[]): Promise<number>;
  /**
   * What the store takes on disk, bytes: all of its files together, and what of them is free, holds nothing and is
   * written to before they grow. Absent in stores that have no files of their own.
   */
  size?(): Promise<{ readonly bytes: number; readonly free: number }>;
  /**
   * Gives disk space that removed blocks have left back to the file system: a part of it, in some milliseconds. Returns
   * the bytes that are still to give back; 0 when there is nothing, or nothing can be given back.
   */
  shrink?(): Promise<number>;
  /**
   * Runs `read` over the store as it is at one moment: nothing that is written meanwhile, here or by another opener, is
   * seen by it. `read` awaits nothing but `stored`, which is of no use once it has ended; a store may keep writes waiting
   * until then.
   */
  snapshot<T>(read: (stored: BlockSnapshot) => Promise<T>): Promise<T>;
  /**
   * Calls `listener` soon after another opener of the same data has changed something; also, now and then, when nothing
   * has changed. It must not throw. Returns what ends it.
   */
  changed(listener: () => void): () => void;
  /**
   * Takes the right to sign for an author, durably, or lengthens it for its holder; undefined as long as somebody else's
   * lasts by `now`.
   */
  lease(author: PublicKey, request: LeaseRequest): Promise<SigningLease | undefined>;
  /** Gives a lease back before its time, if it is still the newest. */
  endLease(lease: SigningLease): Promise<void>;
  close(): Promise<void>;
}
