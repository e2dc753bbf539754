import { equalBytes } from '@edmp/interface';

/** Length of a block's digest, bytes. */
const DIGEST_BYTES = 32;
/** Most branches of one author: it is a proven forker from the second on, and spends nothing more anyway. */
export const MAX_CHAIN_BRANCHES = 64;

/** Where a block stands: each stands at one place, because it names the one before by its hash. */
export interface ChainPlace {
  readonly branch: ChainBranch;
  readonly seq: number;
}

/** A run of blocks that follow one another; its first follows a block of `parent`. */
export class ChainBranch {
  readonly parent: ChainBranch | null;
  /** Position of the first block. */
  readonly from: number;
  /** Position of the last block. */
  end: number;
  #digests = new Uint8Array(8 * DIGEST_BYTES);

  constructor(parent: ChainBranch | null, from: number) {
    this.parent = parent;
    this.from = from;
    this.end = from - 1;
  }

  append(digest: Uint8Array): void {
    const at = (this.end + 1 - this.from) * DIGEST_BYTES;
    if (at + DIGEST_BYTES > this.#digests.length) {
      const larger = new Uint8Array(2 * this.#digests.length);
      larger.set(this.#digests);
      this.#digests = larger;
    }
    this.#digests.set(digest, at);
    this.end++;
  }

  /** Whether this run has the block with `digest` at position `seq`. */
  has(seq: number, digest: Uint8Array): boolean {
    if (seq < this.from || seq > this.end) return false;
    const at = (seq - this.from) * DIGEST_BYTES;
    return equalBytes(this.#digests.subarray(at, at + DIGEST_BYTES), digest);
  }
}

/** Whether `earlier` is an ancestor of `later`, or the same place. */
export function isBefore(earlier: ChainPlace, later: ChainPlace): boolean {
  let last = later.seq;
  for (let branch: ChainBranch | null = later.branch; branch !== null; branch = branch.parent) {
    if (branch === earlier.branch) return earlier.seq <= last;
    last = branch.from - 1;
  }
  return false;
}

/** A block by its place in its author's chain, and what the ledger wants of it. */
export interface ChainItem<T> {
  readonly seq: number;
  /** SHA-256 of the core, 32 bytes. */
  readonly digest: Uint8Array;
  /** Digest of the block before; null at position 1. */
  readonly prev: Uint8Array | null;
  /** Null = nothing but its place. */
  readonly load: T | null;
}

/**
 * The blocks of one author that are known without a gap from the first on, or from the one where its chain was cut, as a tree with one branch unless the author
 * forked, and the blocks that wait for one before them. 32 bytes a block.
 */
export class AuthorChain<T> {
  readonly #branches: ChainBranch[] = [];
  readonly #waiting = new Map<number, ChainItem<T>[]>();
  /** Blocks that wait. */
  waitingCount = 0;

  /** Whether two blocks follow the same one. */
  get isForked(): boolean {
    return this.#branches.length > 1;
  }

  /** Position up to which the chain is known without a gap. */
  get known(): number {
    let last = 0;
    for (const { end } of this.#branches) last = Math.max(last, end);
    return last;
  }

  /**
   * The branch that a block goes on, at its end; `known` when it is there already, `waiting` when the block before it is
   * not, `full` when its author has too many branches.
   */
  place(item: ChainItem<T>): ChainBranch | 'known' | 'waiting' | 'full' {
    const { seq, digest, prev } = item;
    if (prev === null) return this.#start(digest, null, 1);
    for (const branch of this.#branches) {
      if (!branch.has(seq - 1, prev)) continue;
      if (seq > branch.end) {
        branch.append(digest);
        return branch;
      }
      return branch.has(seq, digest) ? 'known' : this.#start(digest, branch, seq);
    }
    return 'waiting';
  }

  /** Begins with a block whose predecessors are gone here and said nothing. */
  begin({ seq, digest }: ChainItem<T>): ChainBranch | 'known' | 'full' {
    return this.#start(digest, null, seq);
  }

  #start(digest: Uint8Array, parent: ChainBranch | null, seq: number): ChainBranch | 'known' | 'full' {
    for (const branch of this.#branches) {
      if (branch.parent === parent && branch.from === seq && branch.has(seq, digest)) return 'known';
    }
    if (this.#branches.length >= MAX_CHAIN_BRANCHES) return 'full';
    const branch = new ChainBranch(parent, seq);
    branch.append(digest);
    this.#branches.push(branch);
    return branch;
  }

  /** Whether a block waits already. */
  isWaiting({ seq, digest }: ChainItem<T>): boolean {
    return this.#waiting.get(seq)?.some((item) => equalBytes(item.digest, digest)) === true;
  }

  /** Keeps a block that waits for the one before it. */
  wait(item: ChainItem<T>): void {
    const list = this.#waiting.get(item.seq);
    if (list === undefined) this.#waiting.set(item.seq, [item]);
    else list.push(item);
    this.waitingCount++;
  }

  /** The blocks that waited for this one; they wait no longer. */
  takeFollowers({ seq, digest }: ChainItem<T>): readonly ChainItem<T>[] {
    const list = this.#waiting.get(seq + 1);
    if (list === undefined) return [];
    const taken = list.filter(({ prev }) => prev !== null && equalBytes(prev, digest));
    if (taken.length === list.length) this.#waiting.delete(seq + 1);
    else if (taken.length > 0) {
      this.#waiting.set(
        seq + 1,
        list.filter((item) => !taken.includes(item)),
      );
    }
    this.waitingCount -= taken.length;
    return taken;
  }
}
