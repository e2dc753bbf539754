import type { AbortOptions } from '@edmp/interface';

/** How hard had to be cleaned; see `PruneSeverity` of `@edmp/trustchain/pruning`. */
export const SEVERITIES = ['spare', 'strict'] as const;

/** What one cleaning of the block store did, or would do. Sizes in bytes. */
export interface PruningView {
  /** When it ended, ms since the epoch. */
  readonly time: number;
  readonly budget: number;
  readonly before: number;
  readonly after: number;
  /** Blocks of others that were removed, or would be. */
  readonly removed: number;
  readonly chains: number;
  /** Blocks that are left, or would be. */
  readonly left: number;
  /** Null: nothing had to go. */
  readonly severity: (typeof SEVERITIES)[number] | null;
  /** Whether the store is within its budget afterwards. */
  readonly within: boolean;
}

/** What the block store takes on disk, bytes. */
export interface StorageView {
  readonly budget: number;
  readonly bytes: number;
  /** What of them holds nothing. */
  readonly free: number;
  readonly blocks: number;
  /** The newest cleaning that removed something, or could not reach the budget; null since the start. */
  readonly last: PruningView | null;
}

/** What a node does about its disk. */
export interface StorageKeeping {
  /** What the block store takes, and its budget. */
  storage(options?: AbortOptions): Promise<StorageView>;
  /** Cleans the block store now if it is above its budget; `dryRun` only says what would go. */
  pruneStorage(request: { readonly dryRun: boolean }, options?: AbortOptions): Promise<PruningView>;
}
