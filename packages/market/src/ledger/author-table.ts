import {
  equalBytes,
  type HalfBlock,
  type PublicKey,
  type PublicKeyHex,
  publicKeyToHex,
} from '@edmp/interface';
import type { Spending } from '../blocks/spending.ts';
import { AuthorChain, type ChainBranch, type ChainItem, type ChainPlace, isBefore } from './author-chain.ts';
import type { LedgerLimits } from './limits.ts';
import type { NewestEntries, TestEntry } from './test-account.ts';

/** What test money wants of a block in its author's chain. */
export type ChainLoad =
  | { readonly kind: 'spending'; readonly spending: Spending }
  | { readonly kind: 'receipt'; readonly block: HalfBlock; readonly hold: string };

/** Everything of one author's: its chain, and where its spending in each currency ends on each branch. */
export interface Author {
  readonly owner: PublicKeyHex;
  readonly chain: AuthorChain<ChainLoad>;
  readonly newest: Map<ChainBranch, NewestEntries>;
}

const NOTHING_SPENT: NewestEntries = { DUM1: null, DUM2: null };

/** The authors whose chains are followed, within the limits. */
export class AuthorTable {
  readonly #limits: LedgerLimits;
  readonly #self: PublicKey | undefined;
  readonly #authors = new Map<PublicKeyHex, Author>();
  /** Authors without a spending block, oldest first: they give way when there are too many. */
  readonly #idle = new Set<PublicKeyHex>();
  #waiting = 0;

  /** `self`: whose blocks, and blocks to whom, always fit. */
  constructor(limits: LedgerLimits, self: PublicKey | undefined) {
    this.#limits = limits;
    this.#self = self;
  }

  get(owner: PublicKeyHex): Author | undefined {
    return this.#authors.get(owner);
  }

  /** The author of a block; undefined when there is no room for one more. */
  of({ core }: HalfBlock): Author | undefined {
    const owner = publicKeyToHex(core.key);
    const known = this.#authors.get(owner);
    if (known !== undefined) return known;
    const isOwn = this.#isOwn(core);
    if (this.#authors.size >= this.#limits.authors && !isOwn && !this.#makeRoom()) return undefined;
    const author: Author = { owner, chain: new AuthorChain(), newest: new Map() };
    this.#authors.set(owner, author);
    if (!isOwn) this.#idle.add(owner);
    return author;
  }

  #isOwn({ key, peer }: HalfBlock['core']): boolean {
    const self = this.#self;
    return self !== undefined && (equalBytes(key, self) || (peer !== null && equalBytes(peer, self)));
  }

  #makeRoom(): boolean {
    for (const oldest of this.#idle) {
      this.#idle.delete(oldest);
      this.#waiting -= this.#authors.get(oldest)?.chain.waitingCount ?? 0;
      this.#authors.delete(oldest);
      return true;
    }
    return false;
  }

  /** An author that spends gives way no more. */
  keep({ owner }: Author): void {
    this.#idle.delete(owner);
  }

  /** Keeps a block that waits for the one before it. `false` when it waits already, or there is no room. */
  wait({ chain }: Author, item: ChainItem<ChainLoad>, { core }: HalfBlock): boolean {
    if (chain.isWaiting(item)) return false;
    const { waitingBlocks, waitingBlocksOfAuthor } = this.#limits;
    const isFull = this.#waiting >= waitingBlocks || chain.waitingCount >= waitingBlocksOfAuthor;
    if (isFull && !this.#isOwn(core)) return false;
    chain.wait(item.load === null ? copyOf(item) : item);
    this.#waiting++;
    return true;
  }

  /** The blocks that waited for this one. */
  takeFollowers({ chain }: Author, item: ChainItem<ChainLoad>): readonly ChainItem<ChainLoad>[] {
    const followers = chain.takeFollowers(item);
    this.#waiting -= followers.length;
    return followers;
  }
}

/** What an author had spent before a place. */
export function newestBefore(author: Author, { branch, seq }: ChainPlace): NewestEntries {
  if (seq > branch.from) return author.newest.get(branch) ?? NOTHING_SPENT;
  const { parent } = branch;
  const spent = parent === null ? undefined : author.newest.get(parent);
  if (parent === null || spent === undefined) return NOTHING_SPENT;
  const at = { branch: parent, seq: seq - 1 };
  const newest = (entry: TestEntry | null): TestEntry | null => {
    let last = entry;
    while (last !== null && !isBefore(last.place, at)) last = last.previous;
    return last;
  };
  return { DUM1: newest(spent.DUM1), DUM2: newest(spent.DUM2) };
}

/** The place of a block without the block, so that it can be let go. */
function copyOf({ seq, digest, prev, load }: ChainItem<ChainLoad>): ChainItem<ChainLoad> {
  return { seq, digest: digest.slice(), prev: prev?.slice() ?? null, load };
}
